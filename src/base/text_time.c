#include "gateway/text.h"

#define MS_PER_DAY INT64_C(86400000)
#define DAY_SECONDS 86400
#define LAST_MS INT64_C(253402300799999)    /* 9999-12-31T23:59:59.999Z */
#define FIRST_MS (-INT64_C(62167219200000)) /* 0000-01-01T00:00:00.000Z */

/*
 * Days and dates of the proleptic Gregorian calendar. Years begin in March here, so
 * that the leap day is the last of its year; 400 years have 146097 days.
 */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2)
        year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil {
    int64_t year;
    int64_t month;
    int64_t day;
};

static struct civil civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
        365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil){
        .year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static char *put_digits(char *at, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

void time_format(int64_t unix_ms, char out_text[TIME_TEXT_BYTES])
{
    /* The format has four digits for the year; beyond them the nearest time that fits.
     */
    if (unix_ms < FIRST_MS)
        unix_ms = FIRST_MS;
    if (unix_ms > LAST_MS)
        unix_ms = LAST_MS;
    int64_t ms = (unix_ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY;
    struct civil date = civil_from_days((unix_ms - ms) / MS_PER_DAY);

    char *at = put_digits(out_text, date.year, 4);
    at = put_digits(put_char(at, '-'), date.month, 2);
    at = put_digits(put_char(at, '-'), date.day, 2);
    at = put_digits(put_char(at, 'T'), ms / 3600000, 2);
    at = put_digits(put_char(at, ':'), ms / 60000 % 60, 2);
    at = put_digits(put_char(at, ':'), ms / 1000 % 60, 2);
    at = put_digits(put_char(at, '.'), ms % 1000, 3);
    (void)put_char(put_char(at, 'Z'), '\0');
}

/* Exactly `width` digits; moves *rest behind them. */
static bool take_digits(struct str *rest, size_t width, int64_t *out_value)
{
    struct str digits = str_sub(*rest, 0, width);
    if (digits.len != width || digits.ptr[0] == '-' || !str_to_i64(digits, out_value))
        return false;
    *rest = str_sub(*rest, width, rest->len);
    return true;
}

static bool take_char(struct str *rest, char c)
{
    if (!str_equal_nocase(str_sub(*rest, 0, 1), (struct str){&c, 1}))
        return false;
    *rest = str_sub(*rest, 1, rest->len);
    return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool take_date(struct str *rest, int64_t *out_days)
{
    struct civil date = {0};
    if (!take_digits(rest, 4, &date.year) || !take_char(rest, '-') ||
        !take_digits(rest, 2, &date.month) || !take_char(rest, '-') ||
        !take_digits(rest, 2, &date.day))
        return false;
    if (date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month))
        return false;
    *out_days = days_from_civil(date.year, date.month, date.day);
    return true;
}

/* The optional decimals, cut to milliseconds. */
static bool take_fraction(struct str *rest, int64_t *out_ms)
{
    *out_ms = 0;
    if (!take_char(rest, '.'))
        return true;
    int64_t weight = 100;
    size_t count = 0;
    int64_t digit = 0;
    for (; take_digits(rest, 1, &digit); count++) {
        *out_ms += digit * weight;
        weight /= 10;
    }
    return count >= 1 && count <= 9;
}

/* "Z" or "+hh:mm", to the end of the text. */
static bool take_offset(struct str *rest, int64_t *out_seconds)
{
    *out_seconds = 0;
    if (take_char(rest, 'Z'))
        return rest->len == 0;
    bool is_west = take_char(rest, '-');
    if (!is_west && !take_char(rest, '+'))
        return false;
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!take_digits(rest, 2, &hours) || !take_char(rest, ':') ||
        !take_digits(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *out_seconds = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return rest->len == 0;
}

bool time_parse(struct str text, int64_t *out_unix_ms)
{
    struct str rest = text;
    int64_t days = 0;
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t ms = 0;
    int64_t offset = 0;
    if (!take_date(&rest, &days) || !take_char(&rest, 'T') ||
        !take_digits(&rest, 2, &hour) || !take_char(&rest, ':') ||
        !take_digits(&rest, 2, &minute) || !take_char(&rest, ':') ||
        !take_digits(&rest, 2, &second) || !take_fraction(&rest, &ms) ||
        !take_offset(&rest, &offset))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    bool is_leap_second = second == 60;
    if (is_leap_second)
        second = 59;

    int64_t unix_s = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    int64_t unix_ms = unix_s * 1000 + ms;
    if (unix_ms < 0 || unix_ms > LAST_MS)
        return false;
    if (is_leap_second && unix_s % DAY_SECONDS != DAY_SECONDS - 1)
        return false;
    *out_unix_ms = unix_ms;
    return true;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* A number without sign, then the name of one of the units. */
static bool parse_with_unit(struct str text, const struct unit *units,
                            size_t unit_count, int64_t *out_value)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    int64_t number = 0;
    if (!str_to_i64(str_sub(text, 0, digits), &number))
        return false;
    struct str name = str_sub(text, digits, text.len);
    for (size_t i = 0; i < unit_count; i++) {
        if (!str_is(name, units[i].name))
            continue;
        int64_t value = 0;
        if (__builtin_mul_overflow(number, units[i].factor, &value))
            return false;
        *out_value = value;
        return true;
    }
    return false;
}

bool duration_parse(struct str text, int64_t *out_ms)
{
    static const struct unit units[] = {
        {"ms", 1                    },
        {"s",  1000                 },
        {"m",  60 * INT64_C(1000)   },
        {"h",  3600 * INT64_C(1000) },
        {"d",  86400 * INT64_C(1000)},
    };
    return parse_with_unit(text, units, COUNT_OF(units), out_ms);
}

bool size_parse(struct str text, int64_t *out_bytes)
{
    static const struct unit units[] = {
        {"",    1      },
        {"KiB", 1024   },
        {"MiB", 1 << 20},
        {"GiB", 1 << 30},
    };
    return parse_with_unit(text, units, COUNT_OF(units), out_bytes);
}
