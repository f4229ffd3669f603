#include "check.h"

#include <strings.h>

#include "address.h"
#include "entries.h"
#include "gateway/loopback.h"
#include "gateway/memory.h"
#include "gateway/nearest.h"
#include "table.h"
#include "tokens.h"
#include "value.h"

/* Source: genesys/open-messaging fact sheet, section 2.1, "The secret must be longer
 * than 15 characters"; read 2026-11-21. */
#define GENESYS_SECRET_CHARACTERS_MIN 16

static const struct setting_row *row_of(const struct section *section, const char *name)
{
    return &section->rows[section_row(section, name)];
}

static struct str text_of(const struct section *section, const char *name)
{
    char room[24];
    return value_text(row_of(section, name), section->base, room);
}

/* Also true of a value that was wrong: its absence is not the next problem. */
static bool is_given(const struct section *section, const char *name)
{
    const struct origin *origin = section_origin(section, name);
    return origin->is_wrong || origin->is_unread || text_of(section, name).len > 0;
}

/* The name as the file has it; a variable is named by its place already. */
static void report(struct reader *reader, const struct section *section,
                   const char *name, const char *cause)
{
    struct place place = section_place(section, name);
    if (place.variable != NULL)
        problems_add(&reader->problems, place, "%s", cause);
    else
        problems_add(&reader->problems, place, "%s: %s", name, cause);
}

/* Place of the i-th entry of a list, as near as it is known. */
static struct place entry_place(struct reader *reader, const struct section *section,
                                const char *name, size_t i)
{
    const struct origin *origin = section_origin(section, name);
    const yaml_node_t *list = origin->kind == ORIGIN_FILE ? origin->node : NULL;
    if (list == NULL || list->type != YAML_SEQUENCE_NODE)
        return section_place(section, name);
    return node_place(
        document_node(&reader->document, list->data.sequence.items.start[i]));
}

static void check_address(struct reader *reader, const struct section *root,
                          const char *name)
{
    struct str address = text_of(root, name);
    const char *fault = address.len == 0 ? NULL : listen_fault(address);
    char cause[128];
    (void)snprintf(cause, sizeof(cause),
                   "the address %s; write HOST:PORT or unix:/PATH",
                   fault == NULL ? "" : fault);
    if (fault != NULL)
        report(reader, root, name, cause);
}

/* Whoever reaches it sees names and numbers, and an operator's doings change things. */
static void check_admin(struct reader *reader, const struct section *root)
{
    struct str address = text_of(root, "listen.admin");
    if (address.len > 0 && listen_fault(address) == NULL &&
        !address_is_loopback(address) && !is_given(root, "admin.tokens"))
        report(reader, root, "listen.admin",
               "the address is reached from other machines; write 127.0.0.1:PORT or "
               "unix:/PATH, or give \"admin.tokens_file\"");
}

/* `other`: what may stand there besides, or NULL. */
static void check_networks(struct reader *reader, const struct section *root,
                           const char *name, const char *other)
{
    const struct text_list *list = value_at(row_of(root, name), root->base);
    for (size_t i = 0; i < list->count; i++) {
        struct str text = str_of(list->items[i]);
        bool is_other = other != NULL && str_is(text, other);
        const char *fault = is_other ? NULL : network_fault(text);
        struct quote shown;
        if (fault != NULL)
            problems_add(&reader->problems, entry_place(reader, root, name, i),
                         "%s: %s %s; write an address or network such as 10.0.0.0/8",
                         name, quote(&shown, text), fault);
    }
}

static void check_database(struct reader *reader, const struct section *root)
{
    struct str url = text_of(root, "database");
    if (str_starts(url, STR("postgres:")) || str_starts(url, STR("postgresql:")))
        report(reader, root, "database",
               "PostgreSQL is not supported yet; write sqlite:/PATH");
    else if (url.len > 0 && !str_starts(url, STR("sqlite:")))
        report(reader, root, "database", "is of an unknown kind; write sqlite:/PATH");
    else if (url.len == sizeof("sqlite:") - 1)
        report(reader, root, "database", "has no path; write sqlite:/PATH");
}

/* Paths are appended to it: no query, no slash at the end. */
static void check_base_url(struct reader *reader, const struct section *section,
                           const char *name)
{
    char **url = value_place(row_of(section, name), section->base);
    size_t len = *url == NULL ? 0 : strlen(*url);
    if (str_find_byte((struct str){*url, len}, '?') >= 0)
        report(reader, section, name, "the URL has a query (?); remove it");
    while (len > 0 && (*url)[len - 1] == '/')
        (*url)[--len] = '\0';
}

/* Whoever reaches it may change everything: the file's mode says who that is. */
static void check_control(struct reader *reader, const struct section *root)
{
    struct str address = text_of(root, "listen.control");
    if (address.len > 0 && !str_starts(address, STR("unix:")))
        report(reader, root, "listen.control", "is no Unix socket; write unix:/PATH");
    else
        check_address(reader, root, "listen.control");
}

static void check_root(struct reader *reader, const struct section *root)
{
    check_address(reader, root, "listen.public");
    check_address(reader, root, "listen.admin");
    check_control(reader, root);
    tokens_read(reader, root);
    check_admin(reader, root);
    check_networks(reader, root, "trusted_proxies", "unix:");
    check_networks(reader, root, "egress.allow", NULL);
    check_database(reader, root);
    check_base_url(reader, root, "public_url");
}

static void check_name(struct reader *reader, const struct section *section)
{
    struct str name = text_of(section, "name");
    if (name.len > 0 && !entry_name_is_valid(name))
        report(reader, section, "name",
               "a name is 1 to 63 of a-z, 0-9 and -; choose another");
}

/* Neither is missing or was wrong. */
static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void report_second(struct reader *reader, const struct section *section,
                          const struct section *first, const char *what)
{
    struct quote shown;
    problems_add(&reader->problems, section_place(section, "name"),
                 "a second %s is called %s, the first is in line %zu; rename one", what,
                 quote(&shown, text_of(section, "name")),
                 section_place(first, "name").line);
}

/* The URL that follows from the region, unless there is one. */
static void derive_url(const struct section *section, const struct region *region,
                       const char *name, const char *host)
{
    if (is_given(section, name))
        return;
    char text[128];
    (void)snprintf(text, sizeof(text), "https://%s.%s", host, region->domain);
    char **url = value_place(row_of(section, name), section->base);
    *url = text_copy(str_of(text));
    section_origin(section, name)->kind = ORIGIN_REGION;
}

static void report_region(struct reader *reader, const struct organisation_entry *entry)
{
    if (entry->region == NULL)
        return; /* was wrong as a text already */
    struct nearest nearest;
    nearest_start(&nearest, str_of(entry->region));
    for (size_t i = 0; i < region_count; i++)
        nearest_offer(&nearest, str_of(regions[i].name));
    char advice[128];
    nearest_print(&nearest, "give api_url and login_url instead", advice,
                  sizeof(advice));
    struct quote shown;
    char cause[256];
    (void)snprintf(cause, sizeof(cause), "unknown region %s; %s",
                   quote(&shown, str_of(entry->region)), advice);
    report(reader, &entry->section, "region", cause);
}

static void check_location(struct reader *reader, struct organisation_entry *entry)
{
    const struct section *section = &entry->section;
    bool has_api = is_given(section, "api_url");
    bool has_login = is_given(section, "login_url");
    if (is_given(section, "region")) {
        const struct region *region = region_find(str_of(entry->region));
        if (region == NULL) {
            report_region(reader, entry);
            return;
        }
        derive_url(section, region, "api_url", "api");
        derive_url(section, region, "login_url", "login");
    } else if (has_api != has_login) {
        problems_add(&reader->problems, section->place,
                     "\"%s\" is missing; add it, or \"region\" in place of both",
                     has_api ? "login_url" : "api_url");
    } else if (!has_api) {
        problems_add(&reader->problems, section->place,
                     "\"region\" is missing; add it, or \"api_url\" and \"login_url\"");
    }
    check_base_url(reader, section, "api_url");
    check_base_url(reader, section, "login_url");
}

static void check_organisations(struct reader *reader, struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->organisation_count; i++) {
        struct organisation_entry *entry = &snapshot->organisations[i];
        check_name(reader, &entry->section);
        check_location(reader, entry);
        size_t first = 0;
        while (first < i &&
               !is_same(snapshot->organisations[first].value.name, entry->value.name))
            first++;
        if (first < i)
            report_second(reader, &entry->section,
                          &snapshot->organisations[first].section, "organisation");
    }
}

static void check_reference(struct reader *reader, const struct snapshot *snapshot,
                            const struct bridge_entry *entry)
{
    struct str wanted = text_of(&entry->section, "genesys");
    struct nearest nearest;
    nearest_start(&nearest, wanted);
    for (size_t i = 0; i < snapshot->organisation_count; i++) {
        struct str name = text_of(&snapshot->organisations[i].section, "name");
        if (str_equal(name, wanted))
            return;
        nearest_offer(&nearest, name);
    }
    if (wanted.len == 0)
        return; /* reported as missing */
    char advice[NEAREST_NAME_BYTES + 32];
    nearest_print(&nearest, "add it to the list \"genesys\"", advice, sizeof(advice));
    struct quote shown;
    char cause[320];
    (void)snprintf(cause, sizeof(cause), "no organisation is called %s; %s",
                   quote(&shown, wanted), advice);
    report(reader, &entry->section, "genesys", cause);
}

static size_t characters(struct str text)
{
    return utf8_is_valid(text) ? utf8_count(text) : text.len;
}

static void check_genesys_secrets(struct reader *reader,
                                  const struct bridge_entry *entry)
{
    const struct text_list *secrets = &entry->value.genesys_secrets;
    for (size_t i = 0; i < secrets->count; i++) {
        size_t count = characters(str_of(secrets->items[i]));
        if (count < GENESYS_SECRET_CHARACTERS_MIN)
            problems_add(&reader->problems,
                         entry_place(reader, &entry->section, "genesys_secrets", i),
                         "genesys_secrets: a secret has only %zu characters; Genesys "
                         "wants %d or more",
                         count, GENESYS_SECRET_CHARACTERS_MIN);
    }
}

static void check_integration_id(struct reader *reader, const struct section *section)
{
    struct str id = text_of(section, "integration_id");
    if (id.len > 0 && !id_is_valid(id))
        report(reader, section, "integration_id",
               "is longer than any id; copy it from Genesys");
}

/* Genesys names no bridge in a webhook, but its integration. */
static bool is_same_integration(const struct bridge_entry *a,
                                const struct bridge_entry *b)
{
    return is_same(a->organisation, b->organisation) &&
           a->value.integration_id != NULL && b->value.integration_id != NULL &&
           strcasecmp(a->value.integration_id, b->value.integration_id) == 0;
}

static void report_integration(struct reader *reader, const struct bridge_entry *entry,
                               const struct bridge_entry *first)
{
    struct quote shown;
    char cause[160];
    (void)snprintf(cause, sizeof(cause),
                   "bridge %s has this integration already; give each its own",
                   quote(&shown, text_of(&first->section, "name")));
    report(reader, &entry->section, "integration_id", cause);
}

/* What the i-th bridge has in common with an earlier one. */
static void check_unique(struct reader *reader, const struct snapshot *snapshot,
                         size_t i)
{
    const struct bridge_entry *entry = &snapshot->bridges[i];
    bool has_name = false;
    bool has_integration = false;
    for (size_t j = 0; j < i; j++) {
        const struct bridge_entry *other = &snapshot->bridges[j];
        if (!has_name && is_same(entry->value.name, other->value.name)) {
            report_second(reader, &entry->section, &other->section, "bridge");
            has_name = true;
        }
        if (!has_integration && is_same_integration(entry, other)) {
            report_integration(reader, entry, other);
            has_integration = true;
        }
    }
}

static void check_bridges(struct reader *reader, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->bridge_count; i++) {
        const struct bridge_entry *entry = &snapshot->bridges[i];
        check_name(reader, &entry->section);
        check_reference(reader, snapshot, entry);
        check_integration_id(reader, &entry->section);
        check_genesys_secrets(reader, entry);
        check_unique(reader, snapshot, i);
    }
}

void check_snapshot(struct reader *reader, struct snapshot *snapshot)
{
    check_root(reader, &snapshot->root);
    check_organisations(reader, snapshot);
    check_bridges(reader, snapshot);
    if (snapshot->bridge_count == 0)
        problems_add(&reader->warnings, snapshot->root.place,
                     "there is no bridge; nothing will be relayed");
}
