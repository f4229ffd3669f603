/*
 * What operators changed, as rows.
 */
#include "sqlite.h"

enum status sqlite_audit_add(struct store *store, const struct audit_entry *entry,
                             struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "INSERT INTO audit (at_ms, actor, action, subject, details) "
                          "VALUES (?1, ?2, ?3, ?4, ?5)");
    query_i64(&q, entry->at_ms);
    query_id(&q, entry->actor);
    query_id(&q, entry->action);
    query_text(&q, entry->subject);
    query_text(&q, entry->details);
    return query_run(&q, err);
}
