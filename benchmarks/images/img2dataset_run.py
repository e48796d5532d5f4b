"""img2dataset on the same addresses, with the same output size and quality; runs in an environment of its own.

Prints one JSON object: images, seconds of ``download()`` as a whole, and images per second and worker as it counts them itself.
"""

import json
import resource
import sys
import time
from pathlib import Path

from img2dataset import download  # type: ignore[import-not-found]

if __name__ == "__main__":
    listing, output, workers, side, quality = sys.argv[1:]
    started = time.perf_counter()
    download(
        url_list=listing,
        output_folder=output,
        output_format="files",
        processes_count=int(workers),
        thread_count=16,
        image_size=int(side),
        resize_mode="keep_ratio_largest",
        resize_only_if_bigger=True,
        encode_format="jpg",
        encode_quality=int(quality),
        compute_hash="sha256",
        extract_exif=False,
        disallowed_header_directives=[],
        number_sample_per_shard=100,
        enable_wandb=False,
    )
    seconds = time.perf_counter() - started
    shards = [json.loads(file.read_text()) for file in Path(output).glob("*_stats.json")]
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    figures = {
        "images": sum(shard["successes"] for shard in shards),
        "seconds": seconds,
        "cpu_seconds": sum(one.ru_utime + one.ru_stime for one in used),
        "peak_mb": max(one.ru_maxrss for one in used) / 1024,
        "worker_rate": sum(shard["successes"] for shard in shards)
        / sum(shard["end_time"] - shard["start_time"] for shard in shards),
    }
    print(json.dumps(figures))
