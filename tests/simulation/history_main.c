/*
 * history_check: reads a history as lines of JSON (support/history_json.h) and says
 * which promises it breaks.
 *
 *   history_check [--loose-deaths] < FILE
 *
 * Last line: "N events, M violations". Exit code 0: none; 1: some; 65: unreadable.
 */
#include "support/history_json.h"

#define EXIT_DATA 65
#define OUTPUT_BYTES (16u * 1024 * 1024)

static bool read_all(struct history *history)
{
    char *line = NULL;
    size_t room = 0;
    size_t number = 0;
    struct error err;
    enum status status = STATUS_OK;

    for (ssize_t len = getline(&line, &room, stdin); len >= 0 && status == STATUS_OK;
         len = getline(&line, &room, stdin)) {
        number++;
        struct str text = str_from(line, (size_t)len);
        if (text.len > 0 && text.ptr[text.len - 1] == '\n')
            text.len--;
        if (text.len > 0)
            status = history_read_line(history, text, &err);
    }
    free(line);
    if (status != STATUS_OK)
        (void)fprintf(stderr, "history_check: line %zu: %s%s%s\n", number, err.pointer,
                      err.pointer[0] == '\0' ? "" : ": ", err.text);
    return status == STATUS_OK;
}

int main(int argc, char **argv)
{
    struct history_options options = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--loose-deaths") != 0) {
            (void)fprintf(stderr, "usage: history_check [--loose-deaths] < FILE\n");
            return 64;
        }
        options.deaths_are_loose = true;
    }
    struct history *history = history_new();
    struct buf out;
    size_t found = 0;
    buf_init(&out, OUTPUT_BYTES);
    bool is_read = read_all(history);
    if (is_read) {
        found = history_check(history, &options, &out);
        (void)fputs(buf_c_string(&out), stdout);
        (void)printf("%zu events, %zu violations\n", history_count(history), found);
    }
    buf_release(&out);
    history_free(history);
    if (!is_read)
        return EXIT_DATA;
    return found == 0 ? 0 : 1;
}
