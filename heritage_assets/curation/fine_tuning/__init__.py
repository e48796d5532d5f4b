"""Fine-tuning: a dual encoder (CLIP, SigLIP) adapted to one collection by its own image–text pairs.

Belongs here: which pairs train and which judge, the training, and the verdict. Does not belong here: where pairs come from, and
where a better encoder is kept. Importing this package loads neither torch nor transformers.
"""

from heritage_assets.curation.fine_tuning.judging import Judged, judge
from heritage_assets.curation.fine_tuning.pairs import Pair, Split, split
from heritage_assets.curation.fine_tuning.settings import FineTuning
from heritage_assets.curation.fine_tuning.training import Tuned, fine_tune

__all__ = ["FineTuning", "Judged", "Pair", "Split", "Tuned", "fine_tune", "judge", "split"]
