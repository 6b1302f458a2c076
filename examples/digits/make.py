#!/usr/bin/env python3
"""Writes scikit-learn's 1,797 digits images (8×8 pixels) as features.npy and labels.npy beside this script: pixels
centred, and scaled by one number to a mean squared norm of 64."""

from pathlib import Path

import numpy
from sklearn.datasets import load_digits

digits = load_digits()
features = digits.data - digits.data.mean(axis=0)
features *= 8 / numpy.sqrt((features ** 2).sum(axis=1).mean())
folder = Path(__file__).parent
numpy.save(folder / "features.npy", numpy.ascontiguousarray(features, dtype="<f8"))
numpy.save(folder / "labels.npy", digits.target.astype("<f8"))
