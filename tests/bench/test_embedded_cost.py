"""What the recogniser for the band costs: bytes, instructions of a Cortex-M4, and time on this computer.

QEMU counts instructions, not cycles: a real core takes one to a few cycles for each, more where its flash is slow.

Run: ``pytest tests/bench/test_embedded_cost.py -o addopts=--import-mode=importlib -s``
"""

import subprocess
from pathlib import Path

import compiled_band

from activity.classify.embedded.artefact import load_embedded
from activity.classify.embedded.build import FLAGS, TARGETS, measure_sizes, state_bytes
from activity.classify.embedded.counts import RANGE_G, count_samples
from activity.classify.embedded.features import RATE_HZ, WIDTH
from activity.classify.embedded.source import write_c
from device.simulator.motion import Part, Wearer, synthesise

TIMER = """\
#include <stdio.h>
#include <time.h>
#include "selfback_model.h"
#include "windows.h"
#if defined(__x86_64__)
#include <x86intrin.h>
#else
#define __rdtsc() 0ULL
#endif

static selfback_model model;

int main(void)
{
    struct timespec from, to;
    unsigned long long cycles = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int round = 0; round < 200; round++)
        for (int w = 0; w < WINDOWS; w++) {
            unsigned long long before = __rdtsc();
            selfback_begin(&model, ranges_g[w]);
            for (int i = 0; i < SELFBACK_WIDTH; i++)
                selfback_push(&model, windows[w][i][0], windows[w][i][1], windows[w][i][2]);
            cycles += __rdtsc() - before;
        }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
    printf("%.0f %.0f\\n", ns / (200.0 * WINDOWS), cycles / (200.0 * WINDOWS));
    return 0;
}
"""


def test_what_a_window_costs(tmp_path: Path) -> None:
    model = load_embedded()
    script = tuple(Part(kind, 0.5) for kind in ("walk", "run", "sit", "dishes"))
    accel_g = synthesise(script, Wearer(), rate_hz=RATE_HZ, seed=1, start_ns=0).recording.accel_g
    count = len(accel_g) // WIDTH
    windows = count_samples(accel_g[: count * WIDTH]).reshape(count, WIDTH, 3)
    write_c(model, tmp_path)
    print(f"\n{model.forest.roots.size} trees, {model.forest.feature.size} nodes, {count} windows")
    print(f"state {state_bytes(len(model.classes))} bytes, tables of the trees {model.forest.table_bytes} bytes")
    for target in TARGETS:
        sizes = measure_sizes(tmp_path, target)
        print(
            f"{target.name}: " + (f"text {sizes.text}, data {sizes.data}, bss {sizes.bss}" if sizes else "no compiler")
        )
    compiled_band.write_windows(tmp_path, windows, [RANGE_G] * count)
    (tmp_path / "timer.c").write_text(TIMER)
    options = [*FLAGS, "-std=gnu99", "-O2"]
    gcc = compiled_band.compiler()
    subprocess.run([gcc, *options, "-o", "timer", "timer.c", "selfback_model.c"], cwd=tmp_path, check=True, timeout=120)
    timed = subprocess.run([tmp_path / "timer"], capture_output=True, text=True, check=True, timeout=120)
    ns, cycles = map(float, timed.stdout.split())
    print(f"this computer, -O2: {ns / 1000:.1f} us and {cycles:,.0f} ticks of its time-stamp counter a window")
    ran = compiled_band.run_on_cortex_m4(model, tmp_path / "m4", windows, [RANGE_G] * count)
    most = ran.instructions.max()
    print(
        f"Cortex-M4 in QEMU, -Os: {ran.instructions.mean():,.0f} instructions a window, most {most:,}, "
        f"stack {ran.stack_bytes.max()} bytes"
    )
