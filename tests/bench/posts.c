/*
 * posts: libcurl alone: one thread keeps a number of connections busy with POSTs of 1
 * KB to the stub, headers and body always the same.
 *
 *   posts --target 127.0.0.1:8090 [--connections 64] [--seconds 3]
 */
#include "http.h"

#include "gateway/clock.h"
#include "gateway/memory.h"

#include <curl/curl.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t ignore(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static CURL *make(const char *url, struct curl_slist *headers, const char *body,
                  size_t len)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL || curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)len) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore) != CURLE_OK)
        exit(1);
    return easy;
}

/* Begins again what has ended; returns how many answers came. */
static int64_t turn(CURLM *multi)
{
    int running = 0;
    int left = 0;
    int64_t count = 0;
    CURLMsg *message;
    (void)curl_multi_perform(multi, &running);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        if (message->data.result != CURLE_OK) {
            (void)fprintf(stderr, "%s\n", curl_easy_strerror(message->data.result));
            exit(1);
        }
        count++;
        (void)curl_multi_remove_handle(multi, easy);
        (void)curl_multi_add_handle(multi, easy);
    }
    if (count == 0)
        (void)curl_multi_poll(multi, NULL, 0, 100, NULL);
    return count;
}

int main(int argc, char **argv)
{
    char url[256];
    static char body[1024];
    int64_t connections = bench_number(argc, argv, "--connections", 64);
    int64_t seconds = bench_number(argc, argv, "--seconds", 3);
    int64_t count = 0;

    (void)snprintf(url, sizeof(url),
                   "http://%s/api/v2/conversations/messages/5a1d3a52-0000-4000-8000-"
                   "000000000002/inbound/open/message",
                   bench_option(argc, argv, "--target", "127.0.0.1:8090"));
    memset(body, 'a', sizeof(body));
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer token");
    CURLM *multi = curl_multi_init();
    CURL **all = mem_new_array((size_t)connections, sizeof(*all));
    for (int64_t i = 0; i < connections; i++) {
        all[i] = make(url, headers, body, sizeof(body));
        (void)curl_multi_add_handle(multi, all[i]);
    }
    int64_t start_us = clock_mono_us();
    while (clock_mono_us() < start_us + seconds * 1000000)
        count += turn(multi);
    double took_s = (double)(clock_mono_us() - start_us) / 1e6;
    for (int64_t i = 0; i < connections; i++) {
        (void)curl_multi_remove_handle(multi, all[i]);
        curl_easy_cleanup(all[i]);
    }
    mem_free(all);
    (void)curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    (void)printf("{\"per_second\":%.0f,\"cpu_s\":%.2f}\n", (double)count / took_s,
                 bench_cpu_s());
    return 0;
}
