/*
 * driver: runs a fuzz target without libFuzzer, for builds that have none: every input
 * of its corpus, and then what small seeded changes make of them.
 *
 *   fuzz_json [--seconds N] [--least N] [--seed N] [--only N [--write FILE]] PATH...
 *
 * A PATH is a file or a folder of files. Input number N of a seed is always the same:
 * --only makes that one again and --write keeps it. The last line says how many there
 * were; fewer changed ones than --least, even in three times the seconds, fail.
 */
#include "fuzz.h"

#include "gateway/clock.h"
#include "gateway/memory.h"
#include "gateway/random.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_BYTES_MAX ((size_t)1024 * 1024)
#define CHANGED_BYTES_MAX ((size_t)16 * 1024)
#define INPUTS_MAX 4096
#define CHANGES_MAX 6

struct corpus {
    struct buf inputs[INPUTS_MAX];
    size_t count;
};

struct options {
    int64_t seconds;
    int64_t least;
    int64_t seed;
    int64_t only; /* -1: all */
    const char *write_to;
};

/* Which input is under way: made before it, since a signal handler can only write. */
static char last_words_text[400];

static void last_words(void)
{
    ssize_t ignored = write(STDERR_FILENO, last_words_text, strlen(last_words_text));
    (void)ignored;
}

static void on_abort(int number)
{
    last_words();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* Of the sanitizers' runtime, where there is one. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): theirs */
extern void __sanitizer_set_death_callback(void (*callback)(void))
    __attribute__((weak));

/* --- the corpus ----------------------------------------------------------- */

static void read_file(struct corpus *corpus, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || corpus->count == INPUTS_MAX) {
        perror(path);
        exit(66);
    }
    struct buf *input = &corpus->inputs[corpus->count++];
    buf_init(input, INPUT_BYTES_MAX);
    char *room = buf_room(input, INPUT_BYTES_MAX);
    input->len = fread(room, 1, INPUT_BYTES_MAX, file);
    (void)fclose(file);

    (void)snprintf(last_words_text, sizeof(last_words_text), "driver: in %s\n", path);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)input->ptr, input->len);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_path(struct corpus *corpus, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        read_file(corpus, path);
        return;
    }
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char name[512];
        (void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            read_file(corpus, name);
        free(entries[i]);
    }
    free(entries);
}

/* --- changes -------------------------------------------------------------- */

static const struct str words[] = {
    STR("\""),
    STR("{"),
    STR("}"),
    STR("["),
    STR("]"),
    STR(","),
    STR(":"),
    STR("\\u0000"),
    STR("\\ud800"),
    STR("\0"),
    STR("\r\n"),
    STR("\n"),
    STR("\r\n\r\n"),
    STR(" "),
    STR("%00"),
    STR("%2F"),
    STR("../"),
    STR("-1"),
    STR("0"),
    STR("9223372036854775808"),
    STR("1e999"),
    STR("null"),
    STR("true"),
    STR("\xff"),
    STR("\xed\xa0\x80"),
    STR("\xf0\x9f\x98\x80"),
    STR("="),
    STR("v1,"),
};

static struct str random_piece(const struct corpus *corpus, struct random *random)
{
    struct str whole = buf_str(&corpus->inputs[random_below(random, corpus->count)]);
    size_t from = (size_t)random_below(random, whole.len + 1);
    return str_sub(whole, from, 1 + (size_t)random_below(random, 64));
}

/* Puts `piece` where `removed` bytes at `at` were. */
static void replace(struct buf *input, size_t at, size_t removed, struct str piece)
{
    CLEANUP(buf_release) struct buf changed;
    buf_init(&changed, INPUT_BYTES_MAX * 2);
    buf_add_bytes(&changed, input->ptr, at);
    buf_add(&changed, piece);
    buf_add_bytes(&changed, input->ptr + at + removed, input->len - at - removed);
    buf_clear(input);
    buf_add_bytes(input, changed.ptr,
                  changed.len < CHANGED_BYTES_MAX ? changed.len : CHANGED_BYTES_MAX);
}

static void change(struct buf *input, const struct corpus *corpus,
                   struct random *random)
{
    size_t at = (size_t)random_below(random, input->len + 1);
    size_t rest = input->len - at;
    size_t some = (size_t)random_below(random, 32);
    size_t removed = some < rest ? some : rest;
    char byte = (char)random_u64(random);
    switch (random_below(random, 6)) {
    case 0:
        replace(input, at, rest > 0 ? 1 : 0, str_from(&byte, 1));
        return;
    case 1:
        replace(input, at, removed, STR_NONE);
        return;
    case 2:
        replace(input, at, 0, words[random_below(random, COUNT_OF(words))]);
        return;
    case 3:
        replace(input, at, removed, words[random_below(random, COUNT_OF(words))]);
        return;
    case 4:
        replace(input, at, removed, random_piece(corpus, random));
        return;
    default:
        if (rest > 0)
            input->ptr[at] = (char)(input->ptr[at] ^ (1 << random_below(random, 8)));
        return;
    }
}

static void make_input(const struct corpus *corpus, int64_t seed, int64_t number,
                       struct buf *out)
{
    struct random random;
    random_seed(&random, (uint64_t)seed * 1000003 + (uint64_t)number);
    buf_clear(out);
    struct str base = buf_str(&corpus->inputs[random_below(&random, corpus->count)]);
    buf_add(out, str_sub(base, 0, CHANGED_BYTES_MAX));
    for (uint64_t left = 1 + random_below(&random, CHANGES_MAX); left > 0; left--)
        change(out, corpus, &random);
}

static void run_one(const struct corpus *corpus, const struct options *options,
                    int64_t number, struct buf *input)
{
    make_input(corpus, options->seed, number, input);
    if (options->write_to != NULL) {
        FILE *file = fopen(options->write_to, "wb");
        if (file == NULL || fwrite(input->ptr, 1, input->len, file) != input->len ||
            fclose(file) != 0)
            perror(options->write_to);
    }
    (void)snprintf(last_words_text, sizeof(last_words_text),
                   "driver: again with --seed %lld --only %lld\n",
                   (long long)options->seed, (long long)number);
    /* Its own memory, as long as it is, so that a read behind its end is seen. */
    CLEANUP(mem_freep) uint8_t *exact = mem_new(input->len);
    if (input->len > 0)
        memcpy(exact, input->ptr, input->len);
    (void)LLVMFuzzerTestOneInput(exact, input->len);
}

static int64_t run_changed(const struct corpus *corpus, const struct options *options)
{
    CLEANUP(buf_release) struct buf input;
    buf_init(&input, INPUT_BYTES_MAX);
    if (options->only >= 0) {
        run_one(corpus, options, options->only, &input);
        return 1;
    }
    int64_t start_ms = clock_now().mono_ms;
    int64_t end_ms = start_ms + options->seconds * 1000;
    int64_t last_ms = start_ms + options->seconds * 3000;
    int64_t count = 0;
    while (clock_now().mono_ms < (count < options->least ? last_ms : end_ms))
        run_one(corpus, options, count++, &input);
    return count;
}

/* --- the command line ----------------------------------------------------- */

static bool take_option(struct options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        int64_t *place;
    } numbers[] = {
        {"--seconds", &options->seconds},
        {"--least",   &options->least  },
        {"--seed",    &options->seed   },
        {"--only",    &options->only   },
    };
    if (strcmp(name, "--write") == 0)
        options->write_to = value;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (strcmp(name, numbers[i].name) == 0 &&
            !str_to_i64(str_of(value), numbers[i].place)) {
            (void)fprintf(stderr, "%s needs a number\n", name);
            exit(64);
        }
    }
    return strncmp(name, "--", 2) == 0;
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    struct options options = {.only = -1, .seed = clock_now().wall_ms};
    (void)signal(SIGABRT, on_abort);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(last_words);
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && take_option(&options, argv[i], argv[i + 1]))
            i++;
        else
            read_path(&corpus, argv[i]);
    }
    if (corpus.count == 0) {
        (void)fprintf(stderr, "%s: no input\n", argv[0]);
        return 66;
    }
    int64_t changed = run_changed(&corpus, &options);
    (void)printf("%s: %zu inputs, %lld changed ones, seed %lld\n",
                 strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1,
                 corpus.count, (long long)changed, (long long)options.seed);
    for (size_t i = 0; i < corpus.count; i++)
        buf_release(&corpus.inputs[i]);
    if (options.only < 0 && changed < options.least) {
        (void)fprintf(stderr, "fewer than %lld\n", (long long)options.least);
        return 1;
    }
    return 0;
}
