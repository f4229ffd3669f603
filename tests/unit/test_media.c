/* The media folder: what goes on, as what, and who may have it. */
#include "support/expect.h"
#include "support/folder.h"

#include "gateway/arena.h"
#include "gateway/media.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_MS INT64_C(1770110150999)
#define HOUR_MS INT64_C(3600000)
#define PNG "\x89PNG\r\n\x1A\nnot a picture"
#define URL "https://hooks.example.com/omgw"

struct fixture {
    char folder[FOLDER_BYTES];
    struct text_list secrets;
    char *secret_items[3];
    struct media *media;
    struct arena *arena;
    struct error err;
    unsigned synced;
};

static struct media_settings settings_of(struct fixture *f)
{
    return (struct media_settings){
        .folder = f->folder,
        .file_max = 1000,
        .total_max = 3000,
        .link_secrets = &f->secrets,
    };
}

static void open_media(struct fixture *f)
{
    const struct media_settings settings = settings_of(f);
    expect_status("opens", STATUS_OK, media_open(&settings, &f->media, &f->err));
}

static void reopen(struct fixture *f)
{
    media_close(TAKE(f->media));
    open_media(f);
}

static void set_secrets(struct fixture *f, const char *first, const char *second)
{
    static char texts[2][32];
    (void)snprintf(texts[0], sizeof(texts[0]), "%s", first);
    (void)snprintf(texts[1], sizeof(texts[1]), "%s", second == NULL ? "" : second);
    f->secret_items[0] = texts[0];
    f->secret_items[1] = second == NULL ? NULL : texts[1];
    f->secrets = (struct text_list){f->secret_items, second == NULL ? 1 : 2};
}

static void count_synced(struct filing *filing, void *context)
{
    struct fixture *f = context;
    (void)filing;
    f->synced++;
    media_stop(f->media); /* the thread's loop ends with it */
}

/* As the engine and the files thread do it, one after the other. */
static struct filing file_bytes(struct fixture *f, struct str bytes, const char *mime,
                                const char *name)
{
    struct filing filing = {.claimed_mime = str_of(mime),
                            .claimed_name = str_of(name),
                            .synced = count_synced,
                            .context = f};
    expect_status("a draft", STATUS_OK, draft_new(f->media, &filing.draft, &f->err));
    struct sink *sink = draft_sink(filing.draft);
    assert_true(bytes.len == 0 || sink->take(sink, bytes.ptr, bytes.len));
    media_file_draft(f->media, &filing);
    media_run(f->media);
    return filing;
}

static unsigned files_in(struct fixture *f)
{
    unsigned count = 0;
    DIR *folder = opendir(f->folder);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL;
         entry = readdir(folder))
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count;
}

/* ---- types and names ---- */

static void the_first_bytes_say_what_a_file_is(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str head;
        const char *claimed_mime;
        const char *claimed_name;
        const char *want; /* NULL: it does not go on */
    } cases[] = {
        {"a picture",                        STR("\xFF\xD8\xFF\xE0"),     "image/jpeg",                "a.jpg",      "image/jpeg"     },
        {"claimed as another",               STR("\x89PNG\r\n\x1A\n"),    "image/jpeg",                "a.jpg",
         "image/png"                                                                                                                  },
        {"a program as a picture",
         STR("\x7F"
             "ELF\2\1\1"),
         "image/png",                                                                                  "a.png",      NULL             },
        {"a script",                         STR("#!/bin/sh\n"),          "application/x-sh",          "a.sh",       NULL             },
        {"a page",                           STR("<html><script>"),       "text/html",                 "a.html",     NULL             },
        {"a page as text is text",           STR("<html>"),               "text/plain",                "a.txt",      "text/plain"     },
        {"a drawing with scripts",           STR("<svg xmlns="),          "image/svg+xml",             "a.svg",      NULL             },
        {"RIFF is not all pictures",         STR("RIFF\1\2\3\4WAVEfmt "), "",                          "",           "audio/wav"      },
        {"RIFF as a picture",                STR("RIFF\1\2\3\4WEBPVP8 "), "",                          "",           "image/webp"     },
        {"a box of Apple",
         STR("\0\0\0\x18"
             "ftypqt  "),
         "",                                                                                           "",           "video/quicktime"},
        {"a box with sound",
         STR("\0\0\0\x18"
             "ftypM4A "),
         "",                                                                                           "",           "audio/mp4"      },
        {"a box that claims to be sound",
         STR("\0\0\0\x18"
             "ftypisom"),
         "audio/mp4",                                                                                  "",           "audio/mp4"      },
        {"a box",
         STR("\0\0\0\x18"
             "ftypisom"),
         "",                                                                                           "",           "video/mp4"      },
        {"a document in a zip",              STR("PK\3\4"),               "",                          "offer.docx",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"                                                    },
        {"a zip",                            STR("PK\3\4"),               "",                          "offer.bin",  "application/zip"},
        {"claims to be a document, is text", STR("hello"),                "application/pdf",           "a.pdf",
         NULL                                                                                                                         },
        {"text by its name",                 STR("a;b\n"),                "application/octet-stream",  "rows.CSV",
         "text/csv"                                                                                                                   },
        {"with parameters",                  STR("hello"),                "text/plain; charset=utf-8", "",
         "text/plain"                                                                                                                 },
        {"half a character at the end",      STR("gr\xC3"),               "text/plain",                "",           "text/plain"     },
        {"no text: NUL",                     STR("a\0b"),                 "text/plain",                "",           NULL             },
        {"no text: not UTF-8",               STR("\xFF\xFEhello"),        "text/plain",                "",           NULL             },
        {"too short for anything",           STR("\x89"),                 "image/png",                 "",           NULL             },
        {"nothing",                          STR(""),                     "text/plain",                "",           NULL             },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct media_type *type =
            media_type_of(cases[i].head, str_of(cases[i].claimed_mime),
                          str_of(cases[i].claimed_name));
        expect_str(cases[i].name, cases[i].want == NULL ? "-" : cases[i].want,
                   str_of(type == NULL ? "-" : type->mime));
    }
}

static void a_name_holds_no_path_and_ends_as_its_type(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        const char *claimed;
        const char *want;
    } cases[] = {
        {"as it is",           "receipt.png",                 "receipt.png"                      },
        {"a path",             "../../etc/receipt.png",       "receipt.png"                      },
        {"a path of Windows",  "C:\\Users\\ana\\receipt.png", "receipt.png"                      },
        {"no name",            "",                            "file.png"                         },
        {"only an ending",     ".png",                        "png.png"                          },
        {"hidden",             "..hidden.png",                "hidden.png"                       },
        {"another ending",     "receipt.exe",                 "receipt.exe.png"                  },
        {"ending in capitals", "RECEIPT.PNG",                 "RECEIPT.png"                      },
        {"line ends, quotes",  "a\r\nSet-Cookie: \"x\".png",  "a__Set-Cookie_ _x_.png"           },
        {"no UTF-8",           "a\xFF.png",                   "file.png"                         },
        {"other scripts",
         "Gr\xC3\xBC\xC3\x9F"
         "e.png",                                             "Gr\xC3\xBC\xC3\x9F"
         "e.png"                                                                },
        {"too long",
         "0123456789012345678901234567890123456789012345678901234567890123456789"
         "0123456789012345678901234567890123456789.png",      "0123456789012345678901234567890123456789012345678901234567890123456789"
         "01234567890123456789012345.png"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct filing filing = file_bytes(f, STR(PNG), "image/png", cases[i].claimed);
        expect_status(cases[i].name, STATUS_OK, filing.status);
        expect_str(cases[i].name, cases[i].want, str_of(filing.kept.name));
        media_remove(f->media, filing.kept.file);
        reopen(f);
    }
}

/* ---- filing ---- */

static void a_file_is_named_at_random_and_is_the_gateways_alone(void **state)
{
    struct fixture *f = *state;
    struct filing first = file_bytes(f, STR(PNG), "image/png", "a.png");
    struct stat about;
    char path[2 * FOLDER_BYTES];

    expect_status("filed", STATUS_OK, first.status);
    expect_i64("told once", 1, f->synced);
    expect_str("type", "image/png", str_of(first.kept.mime));
    expect_i64("size", sizeof(PNG) - 1, first.kept.size);
    expect_str("its sum",
               "e4b033acdfac620ffa1dd637a47795b881b2b161d4962ab0a1b0fb0463b1ea21",
               str_of(first.kept.sha256));
    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, first.kept.file);
    assert_int_equal(0, stat(path, &about));
    expect_i64("nobody else reads it", 0600, about.st_mode & 0777);
    expect_i64("counted", first.kept.size, media_bytes(f->media));
    reopen(f);
    expect_i64("counted at the start", first.kept.size, media_bytes(f->media));
    media_remove(f->media, first.kept.file);
    expect_i64("gone", 0, media_bytes(f->media));
}

static void what_does_not_go_on_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        struct str bytes;
        enum status status;
        enum reason_code code;
    } cases[] = {
        {"empty",     STR(""),           STATUS_INVALID,     REASON_INVALID_MEDIA_CONTENT_LENGTH},
        {"a program", STR("MZ\x90\1\2"), STATUS_UNSUPPORTED,
         REASON_MEDIA_TYPE_NOT_ALLOWED                                                          },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct filing filing = file_bytes(f, cases[i].bytes, "image/png", "a.png");
        expect_status(cases[i].name, cases[i].status, filing.status);
        expect_i64(cases[i].name, cases[i].code, filing.reason_code);
        expect_true("says why", filing.err.text[0] != '\0');
        expect_i64("nothing is left", 0, files_in(f));
        expect_i64("nothing is counted", 0, media_bytes(f->media));
        reopen(f);
    }
}

static void what_waits_at_a_stop_comes_again_later(void **state)
{
    struct fixture *f = *state;
    struct filing filing = {.synced = count_synced, .context = f};
    expect_status("a draft", STATUS_OK, draft_new(f->media, &filing.draft, &f->err));
    media_stop(f->media);
    media_file_draft(f->media, &filing);
    media_run(f->media);
    expect_i64("told", 1, f->synced);
    expect_status("comes again", STATUS_RETRY, filing.status);
    expect_i64("nothing is left", 0, files_in(f));
}

/* ---- drafts ---- */

static void a_draft_takes_no_more_than_one_file_may_have(void **state)
{
    struct fixture *f = *state;
    static const char bytes[700];
    struct draft *draft = NULL;
    enum reason_code code = REASON_GENERAL_ERROR;

    expect_status("a draft", STATUS_OK, draft_new(f->media, &draft, &f->err));
    struct sink *sink = draft_sink(draft);
    assert_true(sink->take(sink, bytes, sizeof(bytes)));
    expect_i64("no trouble", 0, (int64_t)draft_trouble(draft, &code).len);
    assert_false(sink->take(sink, bytes, sizeof(bytes)));
    expect_str("why", "it is too large", draft_trouble(draft, &code));
    expect_i64("as Genesys says it", REASON_INVALID_MEDIA_CONTENT_LENGTH, code);
    expect_i64("what came is counted", 700, media_bytes(f->media));
    draft_free(draft);
    expect_i64("and given back", 0, media_bytes(f->media));
}

static void all_files_together_have_a_ceiling(void **state)
{
    struct fixture *f = *state;
    static const char bytes[900];
    struct draft *drafts[4] = {NULL};
    enum reason_code code;

    for (size_t i = 0; i < COUNT_OF(drafts); i++) {
        expect_status("a draft", STATUS_OK, draft_new(f->media, &drafts[i], &f->err));
        struct sink *sink = draft_sink(drafts[i]);
        assert_true(sink->take(sink, bytes, sizeof(bytes)) == (i < 3));
    }
    expect_str("why", "there is no room for it here", draft_trouble(drafts[3], &code));
    for (size_t i = 0; i < COUNT_OF(drafts); i++)
        draft_free(drafts[i]);
    expect_i64("given back", 0, media_bytes(f->media));
}

/* ---- the folder ---- */

static void a_folder_that_cannot_be_used_is_refused(void **state)
{
    struct fixture *f = *state;
    struct media *media = NULL;
    struct media_settings settings = settings_of(f);

    settings.folder = "/dev/null/media";
    expect_status("no folder can be there", STATUS_INVALID,
                  media_open(&settings, &media, &f->err));
    expect_true("says where", strstr(f->err.text, "/dev/null/media") != NULL);

    char key[2 * FOLDER_BYTES];
    (void)snprintf(key, sizeof(key), "%s/.link-key", f->folder);
    assert_int_equal(0, truncate(key, 5));
    settings.folder = f->folder;
    expect_status("half a key", STATUS_INVALID, media_open(&settings, &media, &f->err));
    expect_true("says what to do", strstr(f->err.text, "remove it") != NULL);
}

struct sweep {
    const char *needed;
    unsigned seen;
};

static enum status see(const char *file, bool *out_is_needed, void *context,
                       struct error *err)
{
    struct sweep *sweep = context;
    (void)err;
    sweep->seen++;
    *out_is_needed = strcmp(file, sweep->needed) == 0;
    return STATUS_OK;
}

static void what_no_row_names_goes_once_it_is_old(void **state)
{
    struct fixture *f = *state;
    struct filing kept = file_bytes(f, STR(PNG), "image/png", "a.png");
    reopen(f);
    (void)file_bytes(f, STR(PNG "2"), "image/png", "b.png");
    reopen(f);
    struct sweep sweep = {.needed = kept.kept.file};
    struct timespec clock;
    (void)clock_gettime(CLOCK_REALTIME, &clock);
    int64_t now_ms = (int64_t)clock.tv_sec * 1000;

    expect_status("too young", STATUS_OK,
                  media_sweep(f->media, HOUR_MS, now_ms, see, &sweep, &f->err));
    expect_i64("nobody is asked", 0, sweep.seen);
    expect_status(
        "an hour later", STATUS_OK,
        media_sweep(f->media, HOUR_MS, now_ms + HOUR_MS + 5000, see, &sweep, &f->err));
    expect_i64("both are asked for", 2, sweep.seen);
    expect_i64("one is left", 1, files_in(f));
    expect_i64("counted", kept.kept.size, media_bytes(f->media));
}

/* ---- links ---- */

static const struct media_file linked = {
    .file = "00112233445566778899aabbccddeeff",
    .name = "Gr\xC3\xBC\xC3\x9F"
            "e.png",
    .mime = "image/png",
};

/* The token of a link, as the front gets it. */
static struct str token_of(struct fixture *f)
{
    struct str link = STR_NONE;
    size_t before = strlen(URL "/media/");
    expect_status(
        "a link", STATUS_OK,
        media_link(f->media, URL, &linked, NOW_MS + HOUR_MS, f->arena, &link, &f->err));
    expect_true("below our URL", str_starts(link, STR(URL "/media/")));
    return str_sub(link, before, link.len);
}

static enum status read_at(struct fixture *f, struct str token, int64_t now_ms,
                           struct media_ticket *out)
{
    return media_ticket_read(f->media, token, now_ms, out, &f->err);
}

static void a_link_says_all_it_takes_to_serve_it(void **state)
{
    struct fixture *f = *state;
    struct media_ticket ticket;
    struct str token = token_of(f);

    expect_status("read", STATUS_OK, read_at(f, token, NOW_MS, &ticket));
    expect_str("file", linked.file, str_of(ticket.file));
    expect_str("name", linked.name, str_of(ticket.name));
    expect_str("type", linked.mime, str_of(ticket.mime));
    expect_true("a picture may be shown", ticket.is_shown);
    expect_i64("to the second", (NOW_MS + HOUR_MS) / 1000 * 1000, ticket.expires_ms);
    expect_status("at its end", STATUS_NOT_FOUND,
                  read_at(f, token, NOW_MS + HOUR_MS, &ticket));
    for (size_t i = 0; i < token.len; i++)
        expect_true("fit for a path",
                    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                           "0123456789-_.",
                           token.ptr[i]) != NULL);
}

static void no_bit_of_a_link_can_be_changed(void **state)
{
    struct fixture *f = *state;
    struct media_ticket ticket;
    struct str token = token_of(f);
    char text[256];

    for (size_t i = 0; i < token.len; i++)
        for (const char *c = "AQgw-_0"; *c != '\0'; c++) {
            (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(token));
            if (text[i] == *c)
                continue;
            text[i] = *c;
            expect_status(text, STATUS_NOT_FOUND,
                          read_at(f, str_of(text), NOW_MS, &ticket));
        }
    for (size_t len = 0; len < token.len; len++)
        expect_status("cut", STATUS_NOT_FOUND,
                      read_at(f, str_sub(token, 0, len), NOW_MS, &ticket));
    static const char *const odd[] = {"",    "=",   "====", "../../etc/passwd",
                                      "%00", "A+/="};
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        expect_status(odd[i], STATUS_NOT_FOUND,
                      read_at(f, str_of(odd[i]), NOW_MS, &ticket));
}

static void a_rotated_secret_still_reads_what_it_signed(void **state)
{
    struct fixture *f = *state;
    struct media_ticket ticket;
    struct media_settings settings = settings_of(f);
    struct str own = token_of(f);

    reopen(f);
    expect_status("the folder's key stays", STATUS_OK,
                  read_at(f, own, NOW_MS, &ticket));
    set_secrets(f, "an old secret", NULL);
    expect_status("adopted", STATUS_OK, media_adopt(f->media, &settings, &f->err));
    expect_status("another key", STATUS_NOT_FOUND, read_at(f, own, NOW_MS, &ticket));
    struct str old = token_of(f);
    set_secrets(f, "a new secret", "an old secret");
    expect_status("adopted", STATUS_OK, media_adopt(f->media, &settings, &f->err));
    expect_status("both", STATUS_OK, read_at(f, old, NOW_MS, &ticket));
    struct str new = token_of(f);
    set_secrets(f, "a new secret", NULL);
    expect_status("adopted", STATUS_OK, media_adopt(f->media, &settings, &f->err));
    expect_status("the old one is gone", STATUS_NOT_FOUND,
                  read_at(f, old, NOW_MS, &ticket));
    expect_status("the new one signed", STATUS_OK, read_at(f, new, NOW_MS, &ticket));
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    folder_make(f->folder);
    f->arena = arena_new(1024 * 1024);
    open_media(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    media_close(f->media);
    arena_free(f->arena);
    folder_remove(f->folder);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_bytes_say_what_a_file_is),
        TEST(a_name_holds_no_path_and_ends_as_its_type),
        TEST(a_file_is_named_at_random_and_is_the_gateways_alone),
        TEST(what_does_not_go_on_leaves_nothing),
        TEST(what_waits_at_a_stop_comes_again_later),
        TEST(a_draft_takes_no_more_than_one_file_may_have),
        TEST(all_files_together_have_a_ceiling),
        TEST(a_folder_that_cannot_be_used_is_refused),
        TEST(what_no_row_names_goes_once_it_is_old),
        TEST(a_link_says_all_it_takes_to_serve_it),
        TEST(no_bit_of_a_link_can_be_changed),
        TEST(a_rotated_secret_still_reads_what_it_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
