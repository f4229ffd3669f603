#include "secret.h"

#include "gateway/crypto.h"
#include "gateway/memory.h"
#include "problem.h"
#include "value.h"

/* A chain of certificates fits; a database named by mistake is not read as a whole. */
#define SECRET_FILE_BYTES ((size_t)64 * 1024)

void secret_release(struct secret *secret)
{
    if (secret->bytes != NULL)
        bytes_wipe(secret->bytes, SECRET_FILE_BYTES);
    mem_free(TAKE(secret->bytes));
}

static size_t without_newline(const char *bytes, size_t len)
{
    if (len > 0 && bytes[len - 1] == '\n')
        len--;
    if (len > 0 && bytes[len - 1] == '\r')
        len--;
    return len;
}

enum status secret_read(const struct config_files *files, struct str path,
                        struct secret *out_secret, struct error *err)
{
    struct quote shown;
    CLEANUP(secret_release)
    struct secret secret = {.bytes = mem_new(SECRET_FILE_BYTES)};
    CLEANUP(mem_freep) char *path_text = text_copy(path);
    if (path.len == 0)
        return fail(err, STATUS_INVALID, "has no path; name the file of the secret");
    if (str_find_byte(path, '\0') >= 0)
        return fail(err, STATUS_INVALID,
                    "has a NUL byte in its path; correct the path");

    size_t len = 0;
    int cause = files->read(files->context, path_text, secret.bytes, SECRET_FILE_BYTES,
                            &len, &secret.is_exposed);
    if (cause != 0)
        return fail(err, STATUS_INVALID,
                    "cannot read %s: %s; create it or correct the path",
                    quote(&shown, path), strerror(cause));
    secret.len = without_newline(secret.bytes, len);
    if (secret.len == 0)
        return fail(err, STATUS_INVALID, "%s is empty; put the secret there",
                    quote(&shown, path));
    if (len == SECRET_FILE_BYTES)
        return fail(err, STATUS_INVALID,
                    "%s is longer than any secret; name another file",
                    quote(&shown, path));
    *out_secret = secret;
    secret.bytes = NULL;
    return STATUS_OK;
}
