#include "document.h"

#include "gateway/crypto.h"

/* The deepest setting is bridges > bridge > channel > list > entry > value. */
#define DEPTH_MAX 16

static struct place mark_place(yaml_mark_t mark)
{
    return (struct place){.line = mark.line + 1, .column = mark.column + 1};
}

static struct place offset_place(struct str text, size_t offset)
{
    struct place place = {.line = 1, .column = 1};
    for (size_t i = 0; i < text.len && i < offset; i++) {
        place.column++;
        if (text.ptr[i] == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return place;
}

/* The line starts with white space and a tab is part of it. */
static bool line_is_indented_by_tab(struct str text, size_t line)
{
    while (line > 1) {
        (void)str_cut(&text, '\n');
        line--;
    }
    struct str this_line = str_cut(&text, '\n');
    for (size_t i = 0; i < this_line.len; i++) {
        if (this_line.ptr[i] == '\t')
            return true;
        if (this_line.ptr[i] != ' ' && this_line.ptr[i] != '-')
            return false;
    }
    return false;
}

static const char *advice_for(const yaml_parser_t *parser, struct str text,
                              struct place place)
{
    if (parser->error == YAML_READER_ERROR)
        return "save the file as UTF-8 text";
    if (line_is_indented_by_tab(text, place.line))
        return "indent with spaces, not tabs";
    return "check the indentation, colons and quotes here and in the line before";
}

static void report_syntax(const yaml_parser_t *parser, struct str text,
                          struct problems *problems)
{
    if (parser->problem == NULL) { /* libyaml says nothing else when memory ran out */
        problems_add(problems, (struct place){0},
                     "there is no memory to read it; try again");
        return;
    }
    struct place place = parser->error == YAML_READER_ERROR
                             ? offset_place(text, parser->problem_offset)
                             : mark_place(parser->problem_mark);
    const char *advice = advice_for(parser, text, place);

    if (parser->context != NULL && parser->context_mark.line + 1 != place.line)
        problems_add(problems, place, "not YAML: %s %s that starts in line %zu; %s",
                     parser->problem, parser->context, parser->context_mark.line + 1,
                     advice);
    else
        problems_add(problems, place, "not YAML: %s; %s", parser->problem, advice);
}

/* What one event has that a configuration must not have. */
static void check_event(const yaml_event_t *event, struct problems *problems)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    struct place place = mark_place(event->start_mark);

    if (event->type == YAML_ALIAS_EVENT)
        problems_add(problems, place,
                     "aliases (*name) are not used here; write the value itself");
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL)
        problems_add(problems, place, "anchors (&name) are not used here; remove it");
    if (tag != NULL)
        problems_add(problems, place, "tags (!name) are not used here; remove it");
}

static int depth_change(yaml_event_type_t type)
{
    if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
        return 1;
    return type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT ? -1 : 0;
}

struct scan {
    int depth;
    int documents;
    bool has_alias;
    bool is_over;
};

/* True: go on with the next event. */
static bool scan_event(struct scan *scan, const yaml_event_t *event,
                       struct problems *problems)
{
    check_event(event, problems);
    scan->has_alias = scan->has_alias || event->type == YAML_ALIAS_EVENT;
    scan->depth += depth_change(event->type);
    if (scan->depth > DEPTH_MAX) {
        problems_add(problems, mark_place(event->start_mark),
                     "nested deeper than %d levels; no setting stands that deep",
                     DEPTH_MAX);
        return false;
    }
    if (event->type == YAML_DOCUMENT_START_EVENT && ++scan->documents == 2) {
        problems_add(problems, mark_place(event->start_mark),
                     "a second document starts here; keep one and remove the \"---\"");
        scan->is_over = true;
        return false;
    }
    scan->is_over = event->type == YAML_STREAM_END_EVENT;
    return !scan->is_over;
}

static bool parser_start(yaml_parser_t *parser, struct str text)
{
    if (yaml_parser_initialize(parser) == 0)
        return false;
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    const char *bytes = text.len == 0 ? "" : text.ptr;
    yaml_parser_set_input_string(parser, (const unsigned char *)bytes, text.len);
    return true;
}

/*
 * Reads the stream once as events, because a loaded document no longer shows aliases,
 * anchors and what follows it. False when the text cannot be loaded.
 */
static bool scan_stream(struct str text, struct problems *problems)
{
    yaml_parser_t parser;
    if (!parser_start(&parser, text)) {
        report_syntax(&parser, text, problems);
        return false;
    }
    struct scan scan = {0};
    bool goes_on = true;
    while (goes_on) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            report_syntax(&parser, text, problems);
            break;
        }
        goes_on = scan_event(&scan, &event, problems);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return scan.is_over && !scan.has_alias;
}

static bool load_first(struct document *document, struct str text,
                       struct problems *problems)
{
    yaml_parser_t parser;
    bool is_started = parser_start(&parser, text);
    document->is_loaded = is_started && yaml_parser_load(&parser, &document->yaml) != 0;
    /* Only two anchors of one name can still be wrong here, and anchors were reported.
     */
    if (!document->is_loaded && problems->count == 0)
        report_syntax(&parser, text, problems);
    if (is_started)
        yaml_parser_delete(&parser);
    return document->is_loaded;
}

bool document_read(struct document *document, struct str text,
                   struct problems *problems)
{
    document->is_loaded = false;
    const struct str byte_order_mark = STR("\xef\xbb\xbf");
    if (str_starts(text, byte_order_mark)) /* libyaml would count it as a column */
        text = str_sub(text, byte_order_mark.len, text.len);
    if (!scan_stream(text, problems) || !load_first(document, text, problems))
        return false;

    const yaml_node_t *root = yaml_document_get_root_node(&document->yaml);
    if (root == NULL || node_is_null(root)) {
        problems_add(problems, (struct place){.line = 1, .column = 1},
                     "the file is empty; `omgw config init` writes an example");
        return false;
    }
    if (root->type != YAML_MAPPING_NODE) {
        problems_add(problems, node_place(root),
                     "the file is not a mapping; write lines of the form NAME: VALUE");
        return false;
    }
    return true;
}

void document_release(struct document *document)
{
    if (!document->is_loaded)
        return;
    for (yaml_node_t *node = document->yaml.nodes.start;
         node < document->yaml.nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE)
            bytes_wipe(node->data.scalar.value, node->data.scalar.length);
    }
    yaml_document_delete(&document->yaml);
    document->is_loaded = false;
}

const yaml_node_t *document_root(struct document *document)
{
    return yaml_document_get_root_node(&document->yaml);
}

const yaml_node_t *document_node(struct document *document, int index)
{
    return yaml_document_get_node(&document->yaml, index);
}

struct place node_place(const yaml_node_t *node)
{
    return mark_place(node->start_mark);
}

struct str node_text(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return STR_NONE;
    return str_from(node->data.scalar.value, node->data.scalar.length);
}

bool node_is_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE ||
        node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    struct str text = node_text(node);
    return text.len == 0 || str_is(text, "~") || str_is(text, "null");
}
