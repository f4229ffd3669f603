/*
 * sync: how long this disk takes to append 4 KiB and sync it, again and again.
 *
 *   sync --log FILE [--seconds 2]
 */
#include "histogram.h"
#include "http.h"

#include "gateway/clock.h"

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static struct histogram times;
    static char block[4096];
    int64_t seconds = bench_number(argc, argv, "--seconds", 2);
    int64_t end_us = clock_mono_us() + seconds * 1000000;
    int fd = open(bench_option(argc, argv, "--log", "log"),
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (clock_mono_us() < end_us) {
        int64_t start_us = clock_mono_us();
        if (write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd) != 0) {
            perror("log");
            return 1;
        }
        histogram_add(&times, clock_mono_us() - start_us);
    }
    (void)close(fd);
    (void)printf("{\"per_second\":%lld,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
                 (long long)(times.count / seconds), histogram_ms(&times, 0.5),
                 histogram_ms(&times, 0.99));
    return 0;
}
