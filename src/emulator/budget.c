#include "budget.h"

#include "gateway/memory.h"

#define MINUTE_MS 60000

void budget_init(struct budget *budget, size_t allowed)
{
    *budget = (struct budget){.allowed = allowed};
    if (allowed > 0)
        budget->times = mem_new_array(allowed, sizeof(*budget->times));
}

void budget_release(struct budget *budget)
{
    mem_free(budget->times);
    *budget = (struct budget){0};
}

static void forget_old(struct budget *budget, int64_t now_ms)
{
    while (budget->used > 0 && budget_reset_ms(budget, now_ms) <= 0) {
        budget->first = (budget->first + 1) % budget->allowed;
        budget->used--;
    }
}

int64_t budget_reset_ms(const struct budget *budget, int64_t now_ms)
{
    if (budget->used == 0)
        return 0;
    return budget->times[budget->first] + MINUTE_MS - now_ms;
}

bool budget_spend(struct budget *budget, int64_t now_ms, int64_t *out_wait_ms)
{
    if (budget->allowed == 0)
        return true;
    forget_old(budget, now_ms);
    if (budget->used == budget->allowed) {
        *out_wait_ms = budget_reset_ms(budget, now_ms);
        return false;
    }
    budget->times[(budget->first + budget->used) % budget->allowed] = now_ms;
    budget->used++;
    return true;
}
