/*
 * types: what may go on, by its first bytes. What runs where it is shown (HTML, SVG,
 * scripts, programs) has no row.
 */
#include "internal.h"

#include <strings.h>

/*
 * One beginning of a file. `any` bytes of '?' fit everything. Sources: the formats'
 * own documents (RFC 2083 of PNG, RFC 3533 of Ogg, RFC 4867 of AMR, ISO 14496-12 of
 * the "ftyp" box, RFC 8794 of EBML, APPNOTE 6.3 of ZIP, ISO 32000 of PDF).
 */
struct beginning {
    const char *bytes;
    size_t len;
    size_t at;
};
#define BEGINS(literal, place)                                                         \
    {                                                                                  \
        .bytes = (literal), .len = sizeof(literal) - 1, .at = (place)                  \
    }

struct type_row {
    struct media_type type;
    struct beginning begins[3]; /* one of them; none: it is text */
    /* Only if claim or name says so: other types begin alike. */
    bool wants_claim;
};

#define ZIP                                                                            \
    {                                                                                  \
        BEGINS("PK\3\4", 0)                                                            \
    }
#define OLE                                                                            \
    {                                                                                  \
        BEGINS("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 0)                                  \
    }
#define OOXML(kind) "application/vnd.openxmlformats-officedocument." kind

/* Links hold the index: append only. */
static const struct type_row rows[] = {
    {{"image/jpeg", "jpg", true},                                      {BEGINS("\xFF\xD8\xFF", 0)},                    false},
    {{"image/png", "png", true},                                       {BEGINS("\x89PNG\r\n\x1A\n", 0)},               false},
    {{"image/gif", "gif", true},                                       {BEGINS("GIF8", 0)},                            false},
    {{"image/webp", "webp", true},                                     {BEGINS("RIFF????WEBP", 0)},                    false},
    {{"image/heic", "heic", true},
     {BEGINS("ftyphei", 4), BEGINS("ftypmif1", 4)},
     false                                                                                                                  },
    {{"audio/mp4", "m4a", true},                                       {BEGINS("ftypM4A", 4)},                         false},
    {{"video/quicktime", "mov", true},                                 {BEGINS("ftypqt", 4)},                          false},
    {{"video/3gpp", "3gp", true},                                      {BEGINS("ftyp3g", 4)},                          false},
    {{"audio/mp4", "m4a", true},                                       {BEGINS("ftyp", 4)},                            true },
    {{"video/mp4", "mp4", true},                                       {BEGINS("ftyp", 4)},                            false},
    {{"audio/webm", "weba", true},                                     {BEGINS("\x1A\x45\xDF\xA3", 0)},                true },
    {{"video/webm", "webm", true},                                     {BEGINS("\x1A\x45\xDF\xA3", 0)},                false},
    {{"audio/ogg", "ogg", true},                                       {BEGINS("OggS", 0)},                            false},
    {{"audio/amr", "amr", true},                                       {BEGINS("#!AMR", 0)},                           false},
    {{"audio/wav", "wav", true},                                       {BEGINS("RIFF????WAVE", 0)},                    false},
    {{"audio/aac", "aac", true},                                       {BEGINS("\xFF\xF1", 0), BEGINS("\xFF\xF9", 0)}, false},
    {{"audio/mpeg", "mp3", true},
     {BEGINS("ID3", 0), BEGINS("\xFF\xFB", 0), BEGINS("\xFF\xF3", 0)},
     false                                                                                                                  },
    {{"application/pdf", "pdf", true},                                 {BEGINS("%PDF-", 0)},                           false},
    {{OOXML("wordprocessingml.document"), "docx", false},              ZIP,                                            true },
    {{OOXML("spreadsheetml.sheet"), "xlsx", false},                    ZIP,                                            true },
    {{OOXML("presentationml.presentation"), "pptx", false},            ZIP,                                            true },
    {{"application/vnd.oasis.opendocument.text", "odt", false},        ZIP,                                            true },
    {{"application/vnd.oasis.opendocument.spreadsheet", "ods", false}, ZIP,                                            true },
    {{"application/zip", "zip", false},                                ZIP,                                            false},
    {{"application/msword", "doc", false},                             OLE,                                            true },
    {{"application/vnd.ms-excel", "xls", false},                       OLE,                                            true },
    {{"application/vnd.ms-powerpoint", "ppt", false},                  OLE,                                            true },
    {{"application/rtf", "rtf", false},                                {BEGINS("{\\rtf", 0)},                          false},
    {{"text/vcard", "vcf", false},                                     {BEGINS("BEGIN:VCARD", 0)},                     false},
    {{"text/calendar", "ics", false},                                  {BEGINS("BEGIN:VCALENDAR", 0)},                 false},
    {{"text/csv", "csv", false},                                       {{0}},                                          true },
    {{"text/plain", "txt", false},                                     {{0}},                                          true },
};

static bool begins(struct str head, const struct beginning *beginning)
{
    if (beginning->len == 0 || head.len < beginning->at + beginning->len)
        return false;
    const char *at = head.ptr + beginning->at;
    for (size_t i = 0; i < beginning->len; i++)
        if (beginning->bytes[i] != '?' && beginning->bytes[i] != at[i])
            return false;
    return true;
}

/* UTF-8 without NUL; the head may end within a character. */
static bool is_text(struct str head)
{
    if (head.len == 0 || str_find_byte(head, '\0') >= 0)
        return false;
    for (size_t cut = 0; cut < 4 && cut < head.len; cut++)
        if (utf8_is_valid(str_sub(head, 0, head.len - cut)))
            return true;
    return false;
}

static bool fits_head(const struct type_row *row, struct str head)
{
    if (row->begins[0].len == 0)
        return is_text(head);
    for (size_t i = 0; i < COUNT_OF(row->begins); i++)
        if (begins(head, &row->begins[i]))
            return true;
    return false;
}

static struct str ending_of(struct str name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '.')
            return str_sub(name, i, name.len);
    return STR_NONE;
}

/* "text/plain; charset=utf-8" claims text/plain. */
static bool fits_claim(const struct type_row *row, struct str mime, struct str name)
{
    struct str type = str_cut(&mime, ';');
    return str_equal_nocase(str_trim(type), str_of(row->type.mime)) ||
           str_equal_nocase(ending_of(name), str_of(row->type.ending));
}

const struct media_type *media_type_of(struct str head, struct str claimed_mime,
                                       struct str claimed_name)
{
    const struct media_type *found = NULL;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!fits_head(&rows[i], head))
            continue;
        if (fits_claim(&rows[i], claimed_mime, claimed_name))
            return &rows[i].type;
        if (found == NULL && !rows[i].wants_claim)
            found = &rows[i].type;
    }
    return found;
}

const struct media_type *media_type_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index].type : NULL;
}

size_t media_type_index(const char *mime)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].type.mime, mime) == 0)
            return i;
    return COUNT_OF(rows);
}
