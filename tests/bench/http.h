/*
 * http: what the bench's programs share: sockets, sizes and the least HTTP/1.1 that
 * load and stub need between each other. Not for the gateway, which uses its libraries.
 */
#pragma once

#include "gateway/base.h"

/* The longest request or answer on one connection. */
#define BENCH_MESSAGE_BYTES (64 * 1024)

/* "127.0.0.1:8080"; exits with a line on a bad one. */
int bench_listen(const char *text);
int bench_connect(const char *text); /* non-blocking */
/* From another address of this machine, with buffers that small unless 0; -1 when
 * it cannot be. Connected, or about to be: it can then be written to. */
int bench_connect_from(const char *source, const char *text, int buffer_bytes);
void bench_nonblocking(int fd);

/*
 * Bytes of the first complete message in the buffer, 0 when it is not complete. Sets
 * where its body begins.
 */
size_t bench_message_bytes(const char *buffer, size_t len, size_t *out_body);

/* The value of --name in argv, or the default. */
const char *bench_option(int argc, char **argv, const char *name,
                         const char *otherwise);
int64_t bench_number(int argc, char **argv, const char *name, int64_t otherwise);

/* CPU seconds of this process. */
double bench_cpu_s(void);
