"""clip-retrieval's inference over a folder of pictures, images alone; runs in an environment of its own.

    python clip_retrieval_run.py MODEL PICTURES OUTPUT BATCH WORKERS

Prints one JSON object on a line of its own. The model is loaded and warmed up before the clock starts, as its own cache allows.
"""

import json
import sys
import time

from all_clip import load_clip
from clip_retrieval import clip_inference

if __name__ == "__main__":
    model, pictures, output, batch, workers = sys.argv[1:]
    name = f"hf_clip:{model}"
    load_clip(clip_model=name, use_jit=False, warmup_batch_size=int(batch), clip_cache_path=None)
    started = time.perf_counter()
    clip_inference(
        input_dataset=pictures,
        output_folder=output,
        input_format="files",
        batch_size=int(batch),
        num_prepro_workers=int(workers),
        enable_text=False,
        clip_model=name,
        use_jit=False,
    )
    print("\n" + json.dumps({"seconds": time.perf_counter() - started}), flush=True)
