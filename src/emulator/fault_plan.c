#include "fault_plan.h"

#include "gateway/memory.h"
#include "print_json.h"
#include "shape.h"

#define DELAY_MAX_MS 600000
#define RETRY_AFTER_MAX_S 86400
#define TIMES_MAX 1000000000

struct planned_fault {
    struct planned_fault *next;
    enum fault_route route;
    struct fault fault;
    int64_t times_left; /* -1: until deleted */
    size_t contact_len; /* 0: any */
    char contact[];
};

static const char *const route_names[] = {
    [FAULT_MESSAGE] = "message",
    [FAULT_RECEIPT] = "receipt",
    [FAULT_EVENT] = "event",
    [FAULT_STRUCTURED] = "structured",
    [FAULT_TOKEN] = "token",
    [FAULT_AGENTLESS] = "agentless",
    [FAULT_MEDIA] = "media",
    [FAULT_CONVERSATIONS] = "conversations",
    [FAULT_INTEGRATIONS] = "integrations",
    [FAULT_ANY] = "any",
    NULL,
};

static const char *const drop_names[] = {"before", "after", "reset", NULL};

static const struct member order_members[] = {
    {"route",       MEMBER_ENUM,    true,  route_names, NULL},
    {"status",      MEMBER_INTEGER, false, NULL,        NULL},
    {"delay_ms",    MEMBER_INTEGER, false, NULL,        NULL},
    {"drop",        MEMBER_ENUM,    false, drop_names,  NULL},
    {"times",       MEMBER_INTEGER, false, NULL,        NULL},
    {"retry_after", MEMBER_INTEGER, false, NULL,        NULL},
    {"contact",     MEMBER_ID,      false, NULL,        NULL},
};
static const struct shape order_shape = SHAPE("fault", order_members);

/* Reads an integer member if it is there. */
static bool read_between(const struct json *order, const char *name, int64_t min,
                         int64_t max, int64_t *out_value, struct error *err)
{
    int64_t value = 0;
    if (!json_i64(json_get(order, name), &value))
        return true; /* absent: the shape was checked */
    if (value < min || value > max) {
        (void)fail(err, STATUS_INVALID, "%s must be from %lld to %lld", name,
                   (long long)min, (long long)max);
        return false;
    }
    *out_value = value;
    return true;
}

static bool read_kind(const struct json *order, struct fault *out, struct error *err)
{
    int64_t status = 0;
    int64_t drop = name_index(drop_names, text_of(order, "drop"));
    bool has_status = member_of(order, "status") != NULL;
    bool has_delay = member_of(order, "delay_ms") != NULL;
    if (has_status + has_delay + (drop >= 0) != 1) {
        (void)fail(err, STATUS_INVALID, "exactly one of status, delay_ms and drop");
        return false;
    }
    if (!read_between(order, "status", 400, 599, &status, err) ||
        !read_between(order, "delay_ms", 0, DELAY_MAX_MS, &out->delay_ms, err) ||
        !read_between(order, "retry_after", 1, RETRY_AFTER_MAX_S, &out->retry_after_s,
                      err))
        return false;

    static const enum fault_kind drops[] = {FAULT_DROP_BEFORE, FAULT_DROP_AFTER,
                                            FAULT_DROP_RESET};
    if (drop >= 0)
        out->kind = drops[drop];
    else
        out->kind = has_status ? FAULT_STATUS : FAULT_DELAY;
    out->status = (int)status; /* at most 599 */
    return true;
}

bool fault_plan_add(struct fault_plan *plan, const struct json *order,
                    struct error *err)
{
    struct misfit misfit;
    if (!shape_fits(order, &order_shape, &misfit)) {
        (void)fail(err, STATUS_INVALID, "%s", misfit.text);
        return false;
    }
    struct fault fault = {0};
    int64_t times = -1;
    if (!read_kind(order, &fault, err) ||
        !read_between(order, "times", 1, TIMES_MAX, &times, err))
        return false;

    struct str contact = text_of(order, "contact");
    struct planned_fault *planned = mem_new(sizeof(*planned) + contact.len);
    planned->route = (enum fault_route)name_index(route_names, text_of(order, "route"));
    planned->fault = fault;
    planned->times_left = times;
    planned->contact_len = contact.len;
    if (contact.len > 0)
        memcpy(planned->contact, contact.ptr, contact.len);
    plan->asks_contact = plan->asks_contact || contact.len > 0;

    struct planned_fault **end = &plan->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = planned;
    return true;
}

static void remove_at(struct planned_fault **place)
{
    struct planned_fault *gone = *place;
    *place = gone->next;
    mem_free(gone);
}

void fault_plan_clear(struct fault_plan *plan)
{
    while (plan->first != NULL)
        remove_at(&plan->first);
    plan->asks_contact = false;
}

static bool is_for(const struct planned_fault *planned, enum fault_route route,
                   struct str contact)
{
    if (planned->route != FAULT_ANY && planned->route != route)
        return false;
    return planned->contact_len == 0 ||
           str_equal(str_from(planned->contact, planned->contact_len), contact);
}

struct fault fault_plan_take(struct fault_plan *plan, enum fault_route route,
                             struct str contact)
{
    struct planned_fault **place = &plan->first;
    while (*place != NULL && !is_for(*place, route, contact))
        place = &(*place)->next;
    if (*place == NULL)
        return (struct fault){.kind = FAULT_NONE};

    struct fault fault = (*place)->fault;
    if ((*place)->times_left > 0 && --(*place)->times_left == 0)
        remove_at(place);
    return fault;
}

static void print_planned(const struct planned_fault *planned, struct buf *out)
{
    static const char *const drops[] = {
        [FAULT_DROP_BEFORE] = "before",
        [FAULT_DROP_AFTER] = "after",
        [FAULT_DROP_RESET] = "reset",
    };
    const struct fault *fault = &planned->fault;
    print_object(out, NULL);
    print_text(out, "route", route_names[planned->route]);
    if (fault->kind == FAULT_STATUS)
        print_i64(out, "status", fault->status);
    else if (fault->kind == FAULT_DELAY)
        print_i64(out, "delay_ms", fault->delay_ms);
    else
        print_text(out, "drop", drops[fault->kind]);
    if (planned->times_left > 0)
        print_i64(out, "times", planned->times_left);
    if (fault->retry_after_s > 0)
        print_i64(out, "retry_after", fault->retry_after_s);
    if (planned->contact_len > 0)
        print_str(out, "contact", str_from(planned->contact, planned->contact_len));
    print_end_object(out);
}

void fault_plan_print(const struct fault_plan *plan, struct buf *out)
{
    print_array(out, NULL);
    for (const struct planned_fault *planned = plan->first; planned != NULL;
         planned = planned->next)
        print_planned(planned, out);
    print_end_array(out);
}
