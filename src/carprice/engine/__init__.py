"""Work that is too much for one process: steps from files to files, on the cores of one machine or on Dask."""
