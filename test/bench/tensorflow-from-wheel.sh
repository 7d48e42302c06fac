#!/bin/sh
# Builds the native part of @tensorflow/tfjs-node-gpu against the library of a Python wheel of TensorFlow, for machines
# where `npm run enable:tensorflow` is refused: the wheel's libtensorflow_cc exports the C API that the addon calls.
# Needs python3 with pip, a C++ compiler, and the headers of Node (NODE_INCLUDE, /usr/include/node otherwise). The
# wheel's version may be given; 2.12.0 was tried, and a wheel with CUDA in it (tensorflow instead of tensorflow-cpu)
# is named by WHEEL. Undo it by deleting lib/ in the package's folder.
# Usage: sh test/bench/tensorflow-from-wheel.sh FOLDER [version], where FOLDER keeps the 600 MB of libraries.

set -eu
folder=$1
version=${2:-2.12.0}
wheel=${WHEEL:-tensorflow-cpu}
include=${NODE_INCLUDE:-/usr/include/node}
cd "$(dirname "$0")/../.."
package=$PWD/node_modules/@tensorflow/tfjs-node-gpu
mkdir -p "$folder" "$package/lib/napi-v8"
folder=$(cd "$folder" && pwd)
# Any Python version will do: nothing of Python is in the libraries.
python3 -m pip download --no-deps --only-binary=:all: --python-version 3.10 --implementation cp \
  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d "$folder" "$wheel==$version"
python3 - "$folder" <<'PYTHON'
import glob, sys, zipfile

folder = sys.argv[1]
with zipfile.ZipFile(sorted(glob.glob(f"{folder}/*.whl"))[-1]) as wheel:
    for name in wheel.namelist():
        library = name.startswith("tensorflow/libtensorflow_")
        if library or name.startswith(("tensorflow/include/tensorflow/", "tensorflow/include/tsl/")):
            wheel.extract(name, folder)
PYTHON
c++ -O2 -std=c++17 -shared -fPIC -DNAPI_VERSION=8 -I"$include" -I"$package" -I"$folder/tensorflow/include" \
  "$package/binding/tfjs_backend.cc" "$package/binding/tfjs_binding.cc" -o "$package/lib/napi-v8/tfjs_binding.node" \
  -L"$folder/tensorflow" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
  -Wl,-rpath,"$folder/tensorflow"
node_modules/.bin/node src-main/cli/fovea.mjs doctor
