#include "support/stderr_capture.h"
#include "support/expect.h"

#include <sys/mman.h>
#include <unistd.h>

bool stderr_capture_start(struct stderr_capture *capture)
{
    capture->real_stderr = dup(STDERR_FILENO);
    capture->file = memfd_create("stderr", MFD_CLOEXEC);
    return capture->real_stderr >= 0 && capture->file >= 0 &&
           dup2(capture->file, STDERR_FILENO) >= 0;
}

bool stderr_capture_stop(struct stderr_capture *capture)
{
    bool is_back = dup2(capture->real_stderr, STDERR_FILENO) >= 0;

    return close(capture->real_stderr) == 0 && close(capture->file) == 0 && is_back;
}

const char *stderr_captured(struct stderr_capture *capture)
{
    ssize_t len = pread(capture->file, capture->text, sizeof(capture->text) - 1, 0);

    assert_true(len >= 0);
    capture->text[len] = '\0';
    assert_int_equal(ftruncate(capture->file, 0), 0);
    assert_int_equal(lseek(capture->file, 0, SEEK_SET), 0);
    return capture->text;
}
