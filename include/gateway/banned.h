/*
 * banned: functions that are wrong more often than right, turned into compile errors.
 *
 * Use struct str / struct buf (text.h), snprintf, clock.h and the strict number readers
 * of text.h instead. Included by base.h, so by every file.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol     \
    atoll gets
#pragma GCC poison gmtime localtime ctime asctime
