// node refuse.mjs FOLDER < objects.json: checks each object against the schema of its kind from FOLDER/node_modules and
// prints, as JSON, the problem of each; null where there is none.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PACKAGES = {
  "argoproj.io": "@kubernetes-models/argo-rollouts",
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
};

async function problemOf(object) {
  const [group, version] = object.apiVersion.split("/");
  const path = `${process.argv[2]}/node_modules/${PACKAGES[group]}/${group}/${version}/index.js`;
  const models = await import(pathToFileURL(path));
  try {
    new models[object.kind](object).validate();
    return null;
  } catch (error) {
    return error.message;
  }
}

const objects = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await Promise.all(objects.map(problemOf))));
