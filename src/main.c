/* omgw: picks a command from the table. */
#include "commands/command.h"

#include <fcntl.h>
#include <unistd.h>

/* Where stdin, stdout or stderr is closed, the next file that is opened takes its
 * number, and what is said goes into a database. */
static void fill_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) /* what cannot be had fails when it is used */
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    fill_streams();
    return command_main(argc, argv, environ);
}
