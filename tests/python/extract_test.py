"""examples/features/extract.py on small models with random weights: the features are those of the models, and the
program takes them."""

import importlib.util
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from needs import need

need("numpy", "torch", "torchvision", "transformers")

import numpy
import torch

SCRIPT = Path(__file__).parents[2] / "examples" / "features" / "extract.py"
STUDY = """
schema = 1
study = { name = "extracted", kind = "features", seed = 1 }
features = { weak = "weak.npy", strong = "strong.npy", labels = "labels.npy", task = "regression", test = 10 }
weak = { n = 6 }
strong = { n_pseudo = 20 }
precision = { trials = 5 }
"""


def script():
    specification = importlib.util.spec_from_file_location("extract", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Extract(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def extract(self, library, model, samples, output, *options):
        script().main([library, str(model), str(self.folder / samples), str(self.folder / output), *options])
        return numpy.load(self.folder / output)

    def images(self, samples=40, size=64):
        images = numpy.random.default_rng(2).uniform(0.0, 1.0, (samples, 3, size, size)).astype("<f4")
        numpy.save(self.folder / "images.npy", images)
        return images

    def bert(self):
        from transformers import BertConfig, BertModel, BertTokenizerFast
        folder = self.folder / "bert"
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one", "two", "three"]
        self.folder.joinpath("vocabulary.txt").write_text("\n".join(words) + "\n")
        BertTokenizerFast(vocab_file=str(self.folder / "vocabulary.txt")).save_pretrained(folder)
        torch.manual_seed(4)
        BertModel(BertConfig(vocab_size=len(words), hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
                             intermediate_size=8)).save_pretrained(folder)
        return folder

    def texts(self):
        texts = [" ".join(["one", "two", "three"][(i + k) % 3] for k in range(1 + i % 5)) for i in range(40)]
        (self.folder / "texts.txt").write_text("\n".join(texts) + "\n")
        return texts

    def test_torchvision(self):
        import torchvision
        images = self.images()
        features = self.extract("torchvision", "mobilenet_v3_small", "images.npy", "f.npy", "--batch", "16")
        self.assertEqual(features.dtype, numpy.dtype("<f4"))
        torch.manual_seed(0)
        model = torchvision.models.mobilenet_v3_small(weights=None).eval()
        normalised = torchvision.transforms.functional.normalize(
            torch.tensor(images), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        with torch.inference_mode():
            expected = model.classifier[:-1](model.avgpool(model.features(normalised)).flatten(1)).numpy()
        self.assertEqual(features.shape, expected.shape)
        self.assertLess(abs(features - expected).max(), 1e-4 * abs(expected).max())

    def test_texts_are_averaged_without_padding(self):
        model, texts = self.bert(), self.texts()
        together = self.extract("transformers", model, "texts.txt", "f.npy")
        self.assertEqual(together.shape, (40, 12))
        alone = self.extract("transformers", model, "texts.txt", "g.npy", "--batch", "1")
        self.assertLess(abs(together - alone).max(), 1e-5)
        self.assertGreater(abs(together - together[0]).max(), 1e-3)

    def test_images_of_a_transformer(self):
        from transformers import ViTConfig, ViTImageProcessor, ViTModel
        images, folder = self.images(size=32), self.folder / "vit"
        torch.manual_seed(6)
        model = ViTModel(ViTConfig(image_size=32, patch_size=16, hidden_size=12, num_hidden_layers=1,
                                   num_attention_heads=2, intermediate_size=8)).eval()
        model.save_pretrained(folder)
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
        features = self.extract("transformers", folder, "images.npy", "f.npy", "--batch", "7")
        with torch.inference_mode():
            expected = model(pixel_values=torch.tensor(images) * 2.0 - 1.0).last_hidden_state.mean(1).numpy()
        self.assertLess(abs(features - expected).max(), 1e-4 * abs(expected).max())

    def test_a_model_without_linear_layers_is_refused(self):
        self.images()
        with self.assertRaisesRegex(SystemExit, "squeezenet1_1 has no linear layer"):
            self.extract("torchvision", "squeezenet1_1", "images.npy", "f.npy")

    def test_the_program_takes_them(self):
        self.images()
        self.texts()
        self.extract("torchvision", "mobilenet_v3_small", "images.npy", "strong.npy", "--ones")
        weak = self.extract("transformers", self.bert(), "texts.txt", "weak.npy", "--ones")
        self.assertEqual(weak[:, 0].tolist(), [1.0] * 40)
        numpy.save(self.folder / "labels.npy", numpy.random.default_rng(5).standard_normal(40))
        (self.folder / "study.toml").write_text(STUDY)
        subprocess.run([os.environ["CUCURBIT"], "run", "study.toml", "-o", "run"], cwd=self.folder, check=True,
                       capture_output=True)
        table = subprocess.run([os.environ["CUCURBIT"], "export", "run", "--format", "csv"], cwd=self.folder,
                               check=True, capture_output=True, text=True).stdout
        self.assertIn("w2s,test_error", table)


if __name__ == "__main__":
    unittest.main()
