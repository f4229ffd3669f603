#include "content.h"

#include "content_rules.h"
#include "gateway/limits.h"
#include "models.h"
#include "print_json.h"

/* A request full of the shortest labels, written out. */
#define CONTENT_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* --- short forms ---------------------------------------------------------- */

/* The content type of the first member that has one; NULL: none has. */
static const char *implied_type(const struct json *element)
{
    for (const struct content_kind *kind = content_kinds; kind->type != NULL; kind++) {
        if (member_of(element, kind->member) != NULL)
            return kind->type;
    }
    return NULL;
}

static void print_element(struct buf *out, const struct json *element)
{
    const char *type = NULL;
    if (json_get(element, "contentType") == NULL)
        type = implied_type(element);
    if (type == NULL) {
        print_node(out, NULL, element);
        return;
    }
    print_object(out, NULL);
    print_text(out, "contentType", type);
    for (const struct json *member = json_first(element); member != NULL;
         member = json_next(member))
        print_member(out, member);
    print_end_object(out);
}

static void print_quick_reply(struct buf *out, const struct json *label)
{
    print_object(out, NULL);
    print_text(out, "contentType", "QuickReply");
    print_object(out, "quickReply");
    print_node(out, "text", label);
    print_node(out, "payload", label);
    print_text(out, "action", "Message");
    print_end_object(out);
    print_end_object(out);
}

static void print_file(struct buf *out, struct str attachment)
{
    if (attachment.len == 0)
        return;
    print_object(out, NULL);
    print_text(out, "contentType", "Attachment");
    print_raw(out, "attachment", attachment);
    print_end_object(out);
}

static void write_out(struct buf *out, const struct json *order, struct str attachment)
{
    const struct json *content = member_of(order, "content");
    const struct json *labels = member_of(order, "quickReplies");
    print_object(out, NULL);
    print_array(out, "content");
    for (const struct json *item = json_first(content); item; item = json_next(item))
        print_element(out, item);
    print_file(out, attachment);
    for (const struct json *item = json_first(labels); item; item = json_next(item))
        print_quick_reply(out, item);
    print_end_array(out);
    print_end_object(out);
}

enum status content_read(const struct json *order, struct str attachment,
                         struct json **out_content, struct misfit *out_misfit)
{
    *out_content = NULL;
    if (member_of(order, "content") == NULL &&
        member_of(order, "quickReplies") == NULL && attachment.len == 0)
        return STATUS_OK;
    CLEANUP(buf_release) struct buf text;
    CLEANUP(json_freep) struct json *content = NULL;
    struct error err;
    buf_init(&text, CONTENT_BYTES_MAX);
    write_out(&text, order, attachment);
    if (!buf_ok(&text) ||
        json_parse(buf_str(&text), LIMIT_JSON_DEPTH, &content, &err) != STATUS_OK)
        return STATUS_RETRY; /* it was JSON when it came */
    if (!shape_fits(content, &model_content, out_misfit) ||
        !content_follows_rules(json_get(content, "content"), out_misfit))
        return STATUS_INVALID;
    *out_content = TAKE(content);
    return STATUS_OK;
}
