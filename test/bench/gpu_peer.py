"""The training steps of test/bench/device.ts in PyTorch on the same GPU, for comparison: same networks (torchvision's,
with a 3x3 stem below 96 px), same batch, SGD with momentum; 'box-aware' is cross-entropy and the squared gradient of
the loss in the pixels outside a mask, differentiated twice. Prints one line for each.

    python3 gpu_peer.py --models resnet18,resnet50 --batch 32 --size 64 [--device cuda] [--tf32]
"""

import argparse
import time

import torch
import torchvision


def network(name, size, classes):
    model = getattr(torchvision.models, name)(num_classes=classes)
    if size < 96:
        model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", default="resnet18")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tf32", action="store_true")
    options = parser.parse_args()
    # Fovea computes in float32; with --tf32 PyTorch may round products.
    torch.backends.cuda.matmul.allow_tf32 = options.tf32
    torch.backends.cudnn.allow_tf32 = options.tf32
    torch.backends.cudnn.benchmark = True
    device = torch.device(options.device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name() if device.type == 'cuda' else device}")
    batch, size = options.batch, options.size
    for name in options.models.split(","):
        for objective in ("standard", "box-aware"):
            torch.manual_seed(0)
            model = network(name, size, 10).to(device).train()
            optimiser = torch.optim.SGD(model.parameters(), lr=0.002, momentum=0.9, weight_decay=5e-4)
            images = torch.rand(batch, 3, size, size, device=device)
            labels = torch.arange(batch, device=device) % 10
            outside = (torch.rand(batch, 1, size, size, device=device) < 0.5).float()
            best = float("inf")
            for step in range(options.steps):
                wait()
                begun = time.perf_counter()
                pixels = images.clone().requires_grad_(objective == "box-aware")
                loss = torch.nn.functional.cross_entropy(model(pixels), labels)
                if objective == "box-aware":
                    (slope,) = torch.autograd.grad(loss * batch, pixels, create_graph=True)
                    loss = loss + ((slope * outside) ** 2).sum() / batch
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                wait()
                if step > 2:
                    best = min(best, time.perf_counter() - begun)
            print(f"pytorch {name} {objective}: {1000 * best:.1f} ms a step, {batch / best:.0f} pictures/s", flush=True)


main()
