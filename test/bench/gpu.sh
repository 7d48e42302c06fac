#!/bin/sh
# All that is to be known of training on this machine's GPU, in one command: what the doctor finds, whether WebGPU and
# CUDA lead to the CPU's weights, how many pictures a second they take, and PyTorch on the same GPU where it is there.
# Needs the repository after `npm ci`; CUDA after `npm run enable:cuda`; for PyTorch a python3 with torch and
# torchvision, or the one named by PYTHON. On Linux WebGPU needs a Vulkan loader (libvulkan1) and the GPU's driver.
# Usage: sh test/bench/gpu.sh [folder for the log]

set -u
cd "$(dirname "$0")/../.." || exit 1
node=node_modules/.bin/node
python=${PYTHON:-python3}
folder=${1:-.}
mkdir -p "$folder"
log=$folder/gpu-$(date +%Y-%m-%d).log

measure() {
  date
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv 2>/dev/null || echo 'nvidia-smi is not there'
  if [ "$(uname)" = Linux ] && ! ldconfig -p | grep -q libvulkan.so.1; then
    echo 'There is no Vulkan loader (libvulkan.so.1): WebGPU will not be found.'
  fi
  $node src-main/cli/fovea.mjs doctor

  devices=$($node src-main/cli/fovea.mjs doctor --json | tail -1 | $node -e '
    const { devices } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    console.log(devices.filter(({ id, available }) => available && ["webgpu", "cuda"].includes(id)).map(({ id }) => id).join());')
  if [ -z "$devices" ]; then
    echo 'Neither WebGPU nor CUDA trains here.'
    return 1
  fi
  echo "== Agreement with the CPU after 20 steps, every objective =="
  $node test/bench/run.ts device --devices "$devices" --agreement all --models resnet8 --objectives standard --steps 3
  echo "== Speed =="
  for size in '64 32 resnet8,resnet18,resnet50' '64 256 resnet8,resnet18' '224 32 resnet18,resnet50'; do
    set -- $size
    $node test/bench/run.ts device --devices "$devices" --agreement none --size "$1" --batch "$2" --models "$3" --steps 20
    echo 'The same with the convolution algorithms that a trial finds fastest here:'
    $node test/bench/run.ts device --devices "$devices" --agreement none --size "$1" --batch "$2" --models "$3" --steps 20 --convolutions measured
    models=$(echo "$3" | sed 's/resnet8,//')
    if $python -c 'import torch, torchvision; assert torch.cuda.is_available()' 2>/dev/null; then
      $python test/bench/gpu_peer.py --size "$1" --batch "$2" --models "$models"
      $python test/bench/gpu_peer.py --size "$1" --batch "$2" --models "$models" --tf32
    else
      echo 'PyTorch with CUDA is not there to compare with.'
    fi
  done
}

measure 2>&1 | tee "$log"
