"""Run by the Python that has the clients of requirements/clients.txt: asks a service in every way that they know.

Takes the URL; listings as JSON on stdin. Prints price, low and high of each row, by client.
"""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from tritonclient.utils import InferenceServerException

AMOUNTS = ("price", "low", "high")
NAME = "cars"


def find_columns(listings):
    """Each field with its numpy array and datatype."""
    for name in listings[0]:
        values = [listing[name] for listing in listings]
        if isinstance(values[0], str):
            yield name, np.array(values, dtype=object), "BYTES"
        else:
            yield name, np.array(values, dtype=np.float64), "FP64"


def ask_triton(url, listings, is_binary):
    client = triton.InferenceServerClient(url.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(NAME)
    assert client.get_server_metadata()["name"] == "carprice"
    assert client.get_model_metadata(NAME)["name"] == NAME
    inputs = []
    for name, values, datatype in find_columns(listings):
        inputs.append(triton.InferInput(name, list(values.shape), datatype))
        inputs[-1].set_data_from_numpy(values, binary_data=is_binary)
    outputs = [triton.InferRequestedOutput(name, binary_data=is_binary) for name in AMOUNTS]
    result = client.infer(NAME, inputs, outputs=outputs)
    rows = zip(*(result.as_numpy(name).tolist() for name in AMOUNTS), strict=True)
    told = ""
    try:
        client.infer(NAME, [inputs[0]])
    except InferenceServerException as error:
        told = error.message()
    assert told.startswith("Row 1: "), told
    client.close()
    return list(rows)


async def ask_kserve(url, listings, protocol, is_binary):
    client = InferenceRESTClient(RESTConfig(protocol=protocol))
    assert await client.is_model_ready(url, NAME)
    if protocol == "v1":
        answer = await client.infer(url, {"instances": listings}, model_name=NAME)
        await client.close()
        return [[row[name] for name in AMOUNTS] for row in answer["predictions"]]
    assert await client.is_server_ready(url)
    assert await client.is_server_live(url)
    inputs = []
    for name, values, datatype in find_columns(listings):
        inputs.append(InferInput(name, list(values.shape), datatype))
        inputs[-1].set_data_from_numpy(values, binary_data=is_binary)
    answer = await client.infer(url, InferRequest(model_name=NAME, infer_inputs=inputs), model_name=NAME)
    await client.close()
    return list(zip(*(answer.get_output_by_name(name).as_numpy().tolist() for name in AMOUNTS), strict=True))


def main():
    url, listings = sys.argv[1], json.load(sys.stdin)
    found = {
        "triton": ask_triton(url, listings, False),
        "triton bytes": ask_triton(url, listings, True),
        "kserve v1": asyncio.run(ask_kserve(url, listings, "v1", False)),
        "kserve v2": asyncio.run(ask_kserve(url, listings, "v2", False)),
        "kserve v2 bytes": asyncio.run(ask_kserve(url, listings, "v2", True)),
    }
    print(json.dumps(found))


main()
