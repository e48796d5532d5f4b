"""Trains the demo encoder: a small CLIP that knows the demo museum, and nothing else.

``python -m heritage_assets.embedded.train_demo_encoder --output FOLDER`` draws a museum of other seeds than the demo's own,
trains, measures on held-out objects and writes model, processor and ``CARD.md``. Belongs here: data, losses, the training loop,
its figures. Does not belong here: using the model (:mod:`heritage_assets.curation.encoders` does, as with any other model).
"""
