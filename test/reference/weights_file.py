"""A weights file as the reference implementation writes it, with every type that is read and one that is skipped.

Run:  python3 weights_file.py ../fixtures/engine/weights.safetensors     (needs torch and safetensors)

Made with safetensors 0.8.0. The values are those that test/src-main/engine/nn/safetensors.test.ts expects.
"""

import sys

import torch
from safetensors.torch import save_file

values = torch.tensor([[0.0, -0.0, 1.0, -1.5], [65504.0, 6.1035e-05, 5.9605e-08, 0.333251953125]])
save_file(
    {
        "f32": values,
        "f16": values.half(),
        "bf16": values.bfloat16(),
        "f64": values.double() / 3,
        "count": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    },
    sys.argv[1],
    metadata={"format": "pt"},
)
