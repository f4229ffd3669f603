#include "progress.h"

#include "gateway/clock.h"
#include "gateway/colour.h"
#include "gateway/text.h"

#include <signal.h>
#include <unistd.h>

#define BAR_AFTER_MS 1000
#define BAR_EVERY_MS 100
#define LINE_EVERY_MS 10000
#define BAR_CELLS 40
#define LINE_BYTES 256

void progress_start(struct progress *progress)
{
    int64_t now_ms = clock_now().mono_ms;
    *progress = (struct progress){
        .is_terminal = terminal_can_be_steered(STDERR_FILENO),
        .started_ms = now_ms,
        .said_ms = now_ms,
    };
}

static int percent_of(int64_t done, int64_t all)
{
    if (all <= 0 || done < 0)
        return 0;
    return done >= all ? 100 : (int)((double)done * 100 / (double)all);
}

static void add_bar(const char *what, int percent, struct buf *out)
{
    int cells = percent * BAR_CELLS / 100;
    buf_printf(out, "\r%s [", what);
    for (int i = 0; i < BAR_CELLS; i++)
        buf_add(out, i < cells ? STR("=") : i == cells ? STR(">") : STR(" "));
    buf_printf(out, "] %3d %%", percent);
}

void progress_line(struct progress *progress, const char *what, int64_t done,
                   int64_t all, int64_t now_ms, struct buf *out)
{
    int percent = percent_of(done, all);
    bool is_due = now_ms - progress->said_ms >=
                  (progress->is_terminal ? BAR_EVERY_MS : LINE_EVERY_MS);
    if (!is_due ||
        (progress->is_terminal && now_ms - progress->started_ms < BAR_AFTER_MS))
        return;
    progress->said_ms = now_ms;
    progress->is_drawn = true;
    if (progress->is_terminal)
        add_bar(what, percent, out);
    else
        buf_printf(out, "omgw: %s: %d %%\n", what, percent);
}

void progress_move(struct progress *progress, const char *what, int64_t done,
                   int64_t all)
{
    CLEANUP(buf_release) struct buf line;
    buf_init(&line, LINE_BYTES);
    progress_line(progress, what, done, all, clock_now().mono_ms, &line);
    say(buf_str(&line));
}

void progress_end(struct progress *progress)
{
    if (progress->is_terminal && progress->is_drawn)
        say(STR("\r\033[K"));
    progress->is_drawn = false;
}

/* --- interrupts --------------------------------------------------------------------
 */

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t interrupt;

static void note_interrupt(int number)
{
    interrupt = number;
}

void interrupts_catch(void)
{
    const struct sigaction action = {.sa_handler = note_interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool interrupts_came(void)
{
    return interrupt != 0;
}

void interrupts_obey(void)
{
    int number = interrupt;
    if (number == 0)
        return;
    const struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(number, &action, NULL);
    (void)raise(number);
}
