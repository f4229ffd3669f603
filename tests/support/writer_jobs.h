/*
 * writer_jobs: write jobs that leave a mark in the store and a trail of what happened
 * to them, and one writer for them.
 */
#pragma once

#include "support/expect.h"

#include "gateway/store.h"
#include "gateway/writer.h"

#define JOB_NAME_BYTES 24
#define JOB_TRAIL_MAX 1024
#define WRITER_JOBS_MAX 300

/* What happened, in order. */
struct job_trail {
    const struct test_job *applied[JOB_TRAIL_MAX];
    const struct test_job *told[JOB_TRAIL_MAX];
    size_t applied_count;
    size_t told_count;
};

/* Writes a pause of its own name: the mark. */
struct test_job {
    struct write_job job;
    struct job_trail *trail;
    char name[JOB_NAME_BYTES];
    enum status answer; /* of apply, after the mark is written */
    bool writes_nothing;
    unsigned retries; /* times apply says STATUS_RETRY before that */
    void (*breaks)(
        struct store *store); /* called whenever it is applied; may be NULL */
    unsigned told_count;
    enum status told;
    struct error told_error;
};

struct test_job *job_new(struct job_trail *trail, const char *name);
bool job_has_mark(struct store *store, const char *name);

struct writer_fixture {
    struct store *store;   /* owned */
    struct writer *writer; /* owned */
    struct job_trail trail;
    struct test_job *jobs[WRITER_JOBS_MAX]; /* owned */
    size_t job_count;
};

/* The store is the fixture's from now on. */
void writer_set_up(struct writer_fixture *f, struct store *store, size_t capacity);
void writer_tear_down(struct writer_fixture *f);

struct test_job *job_add(struct writer_fixture *f, const char *name);
struct test_job *job_submit(struct writer_fixture *f, const char *name);
/* One that must commit. */
struct test_job *job_submit_outcome(struct writer_fixture *f, const char *name);

/* The names in order, with blanks between. */
#define expect_told(want, f)                                                           \
    expect_names("told", want, (f)->trail.told, (f)->trail.told_count)
#define expect_applied(want, f)                                                        \
    expect_names("applied", want, (f)->trail.applied, (f)->trail.applied_count)
void expect_names(const char *what, const char *want,
                  const struct test_job *const *list, size_t count);
/* Whatever failed: told OK if and only if it is kept, else RETRY; once at most. */
void expect_no_false_answer(struct writer_fixture *f);
