"""The machine that a report is made on: its cards, CUDA's libraries, and the kernels that OpenBLAS should take."""

import ctypes
import glob
import os
import re
import site
import subprocess
from pathlib import Path

CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # of CUdevice_attribute


def capability():
    """The first card's compute capability, as 90; None where the driver finds no card."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        return None
    parts = []
    for attribute in (CAPABILITY_MAJOR, CAPABILITY_MINOR):
        value = ctypes.c_int(0)
        if driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, 0) != 0:
            return None
        parts.append(value.value)
    return f"{parts[0]}{parts[1]}"


def cuda_libraries():
    """Folders of cuBLAS and cuSOLVER: a toolkit's, and those of NVIDIA's Python wheels."""
    toolkits = [os.environ.get("CUDA_HOME", ""), "/usr/local/cuda"]
    found = [f"{toolkit}/lib64" for toolkit in toolkits if toolkit and Path(toolkit, "lib64").is_dir()]
    for packages in site.getsitepackages() + [site.getusersitepackages()]:
        wheels = glob.glob(f"{packages}/nvidia/**/lib*.so.1[0-9]", recursive=True)
        found += sorted({os.path.dirname(library) for library in wheels})
    return list(dict.fromkeys(found))


def environment(tree):
    """Variables of every step: where the programs are and what they need to start."""
    search = [os.environ.get("LD_LIBRARY_PATH", "")] + cuda_libraries()
    variables = {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "PATH": ":".join([*map(str, tree.folders), os.environ.get("PATH", ""), "/usr/local/cuda/bin"]),
        "EXAMPLES": str(tree.root / "examples"),
        "LIBRARIES_AS_FOUND": os.environ.get("LD_LIBRARY_PATH", ""),
        "LD_LIBRARY_PATH": ":".join(filter(None, search)),
    }
    variables = {**os.environ, **variables}
    core = core_type(variables)
    if core:
        variables["OPENBLAS_CORETYPE"] = core
    return variables


def core_type(variables):
    """What OPENBLAS_CORETYPE should be. An OpenBLAS older than the processor takes the kernels of a Prescott of
    2004, several times slower than those that the processor has instructions for; None: leave the variable alone."""
    if "OPENBLAS_CORETYPE" in variables:
        return None
    listed = subprocess.run(["cucurbit", "devices"], env=variables, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, timeout=60, universal_newlines=True, check=False).stdout
    if "OpenBLAS kernel Prescott" not in listed:
        return None
    return core_type_of(Path("/proc/cpuinfo").read_text())


def core_type_of(cpuinfo):
    """The OpenBLAS kernels for the instructions that /proc/cpuinfo lists."""
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    flags = set(flags.group(1).split()) if flags else set()
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"} <= flags:
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None
