#!/usr/bin/env python3
"""Features of a torchvision or Hugging Face model as a float32 .npy matrix, a row for each sample, for a study of
kind "features".

    extract.py torchvision resnet18 images.npy strong.npy --weights DEFAULT
    extract.py transformers sentence-transformers/all-MiniLM-L6-v2 texts.txt strong.npy
    extract.py transformers facebook/dinov2-small images.npy strong.npy

images.npy: numbers from 0 to 1, [sample, 3, height, width], in the size that the model takes; torchvision's models get
them normalised as ImageNet is, Hugging Face's by their own image processor. texts.txt: a text on each line. A
Hugging Face model is named as on its hub or by a folder.

A torchvision model's features are the inputs of its last linear layer; a Hugging Face model's are the mean of its last
hidden states over tokens (of text: those that are no padding). Without --weights a torchvision model is randomly
initialised, from --seed. Rows are written as they are computed, so that the matrix may be larger than memory. For
heads with an intercept add a column of ones (--ones).

Needs numpy, torch and torchvision or transformers.
"""

import argparse
from pathlib import Path

import numpy
import torch

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which torchvision's weights expect


def torchvision_features(name, weights, seed=0):
    """A function from images [batch, 3, height, width] to features [batch, width]."""
    import torchvision
    torch.manual_seed(seed)
    model = torchvision.models.get_model(name, weights=weights).eval()
    linear = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    if not linear:
        raise SystemExit(f"{name} has no linear layer whose inputs could be its features")
    seen = []
    linear[-1].register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))

    def features(images):
        seen.clear()
        model((torch.tensor(numpy.asarray(images, dtype="<f4")) - mean) / std)
        return seen[-1].flatten(1)

    return features


def text_features(name):
    """A function from a list of texts to features [batch, width]."""
    from transformers import AutoModel, AutoTokenizer
    tokenizer, model = AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name).eval()

    def features(texts):
        tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        states = model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)

    return features


def image_features(name):
    """A function from images [batch, 3, height, width] to features [batch, width]."""
    from transformers import AutoImageProcessor, AutoModel
    processor, model = AutoImageProcessor.from_pretrained(name), AutoModel.from_pretrained(name).eval()

    def features(images):
        pixels = processor(list(torch.tensor(numpy.asarray(images, dtype="<f4"))), do_rescale=False,
                           return_tensors="pt")
        states = model(**pixels).last_hidden_state
        return states.flatten(2).mean(2) if states.dim() == 4 else states.mean(1)

    return features


def extract(features, samples, output, batch=64, ones=False):
    """Writes the features of all samples, batch by batch."""
    matrix = None
    for first in range(0, len(samples), batch):
        with torch.inference_mode():
            rows = features(samples[first:first + batch]).to(torch.float32).numpy()
        if ones:
            rows = numpy.hstack([numpy.ones((len(rows), 1), dtype=rows.dtype), rows])
        if matrix is None:
            matrix = numpy.lib.format.open_memmap(output, mode="w+", dtype="<f4",
                                                  shape=(len(samples), rows.shape[1]))
        matrix[first:first + len(rows)] = rows
    matrix.flush()
    return matrix.shape


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", choices=["torchvision", "transformers"])
    parser.add_argument("model")
    parser.add_argument("samples", type=Path, help="a .npy file of images, or a .txt file of texts")
    parser.add_argument("output", type=Path, help="the .npy file to write")
    parser.add_argument("--weights", help="of a torchvision model, such as DEFAULT")
    parser.add_argument("--seed", type=int, default=0, help="of random weights")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--ones", action="store_true", help="put a column of ones before the features")
    options = parser.parse_args(arguments)
    texts = options.samples.suffix == ".txt"
    if options.package == "torchvision":
        features = torchvision_features(options.model, options.weights, options.seed)
    else:
        features = text_features(options.model) if texts else image_features(options.model)
    samples = options.samples.read_text().splitlines() if texts else numpy.load(options.samples, mmap_mode="r")
    rows, columns = extract(features, samples, options.output, options.batch, options.ones)
    print(f"{options.output}: {rows} rows, {columns} columns")


if __name__ == "__main__":
    main()
