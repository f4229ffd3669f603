#include "support/writer_jobs.h"

#include "gateway/memory.h"

/* --- a job --------------------------------------------------------------- */

static enum status mark_apply(struct write_job *job, struct store *store,
                              struct now now, struct error *err)
{
    struct test_job *own = CONTAINER_OF(job, struct test_job, job);
    own->trail->applied[own->trail->applied_count++] = own;
    if (own->breaks != NULL)
        own->breaks(store);
    const struct pause mark = {
        .scope = PAUSE_ORGANISATION,
        .name = str_of(own->name),
        .since_ms = now.wall_ms,
    };
    enum status status =
        own->writes_nothing ? STATUS_OK : store_pause_set(store, &mark, err);
    if (status != STATUS_OK)
        return status;
    if (own->retries > 0) {
        own->retries--;
        return fail(err, STATUS_RETRY, "not now");
    }
    if (own->answer == STATUS_OK || own->answer == STATUS_DUPLICATE)
        return own->answer;
    return fail(err, own->answer, "job %s fails", own->name);
}

static void mark_done(struct write_job *job, enum status status,
                      const struct error *err)
{
    struct test_job *own = CONTAINER_OF(job, struct test_job, job);
    own->told = status;
    own->told_error = *err;
    own->told_count++;
    own->trail->told[own->trail->told_count++] = own;
}

struct test_job *job_new(struct job_trail *trail, const char *name)
{
    struct test_job *job = mem_new(sizeof(*job));
    job->job.apply = mark_apply;
    job->job.done = mark_done;
    job->trail = trail;
    (void)snprintf(job->name, sizeof(job->name), "%s", name);
    return job;
}

struct search {
    const char *name;
    bool is_found;
};

static void compare_mark(const struct pause *pause, void *context)
{
    struct search *search = context;
    search->is_found = search->is_found || str_is(pause->name, search->name);
}

bool job_has_mark(struct store *store, const char *name)
{
    struct search search = {.name = name};
    struct error err;
    expect_status("look for marks", STATUS_OK,
                  store_pauses(store, compare_mark, &search, &err));
    return search.is_found;
}

/* --- its writer ---------------------------------------------------------- */

void writer_set_up(struct writer_fixture *f, struct store *store, size_t capacity)
{
    memset(f, 0, sizeof(*f));
    f->store = store;
    f->writer = writer_new(f->store, capacity);
}

void writer_tear_down(struct writer_fixture *f)
{
    writer_free(f->writer);
    store_close(f->store);
    for (size_t i = 0; i < f->job_count; i++)
        mem_free(f->jobs[i]);
}

struct test_job *job_add(struct writer_fixture *f, const char *name)
{
    struct test_job *job = job_new(&f->trail, name);
    f->jobs[f->job_count++] = job;
    return job;
}

struct test_job *job_submit(struct writer_fixture *f, const char *name)
{
    struct test_job *job = job_add(f, name);
    expect_true(name, writer_submit(f->writer, &job->job));
    return job;
}

struct test_job *job_submit_outcome(struct writer_fixture *f, const char *name)
{
    struct test_job *job = job_add(f, name);
    job->job.must_commit = true;
    expect_true(name, writer_submit(f->writer, &job->job));
    return job;
}

/* --- checks -------------------------------------------------------------- */

void expect_names(const char *what, const char *want,
                  const struct test_job *const *list, size_t count)
{
    char got[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof(got); i++)
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s",
                                 i == 0 ? "" : " ", list[i]->name);
    expect_str(what, want, str_of(got));
}

void expect_no_false_answer(struct writer_fixture *f)
{
    for (size_t i = 0; i < f->job_count; i++) {
        const struct test_job *job = f->jobs[i];
        bool is_told_ok = job->told_count > 0 && job->told == STATUS_OK;
        expect_i64(job->name, is_told_ok, job_has_mark(f->store, job->name));
        expect_true("told once at most", job->told_count <= 1);
        if (job->told_count > 0 && !is_told_ok) {
            expect_status(job->name, STATUS_RETRY, job->told);
            expect_true("with a reason", job->told_error.text[0] != '\0');
        }
    }
}
