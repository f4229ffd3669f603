/*
 * admin_auth: bearer tokens of the admin listener. Only their hashes are known, so that
 * neither the configuration nor a core file lets anybody in.
 */
#include "gateway/api.h"
#include "gateway/crypto.h"
#include "gateway/loopback.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"

#include <pthread.h>

struct admin_auth {
    pthread_mutex_t lock;
    struct config *config; /* a reference; guarded by lock */
    struct series *refused;
    bool is_local; /* who reaches the listener is on this machine */
};

struct admin_auth *admin_auth_new(struct config *config)
{
    struct admin_auth *auth = mem_new(sizeof(*auth));
    (void)pthread_mutex_init(&auth->lock, NULL);
    auth->config = config_hold(config);
    auth->refused = metrics_series(METRIC_ADMIN_REFUSED, "");
    auth->is_local = address_is_loopback(str_of(config->listen.admin_address));
    return auth;
}

void admin_auth_free(struct admin_auth *auth)
{
    if (auth == NULL)
        return;
    config_drop(auth->config);
    (void)pthread_mutex_destroy(&auth->lock);
    mem_free(auth);
}

void admin_auth_adopt(struct admin_auth *auth, struct config *config)
{
    (void)pthread_mutex_lock(&auth->lock);
    struct config *old = auth->config;
    auth->config = config_hold(config);
    (void)pthread_mutex_unlock(&auth->lock);
    config_drop(old);
}

static struct config *current_config(struct admin_auth *auth)
{
    (void)pthread_mutex_lock(&auth->lock);
    struct config *config = config_hold(auth->config);
    (void)pthread_mutex_unlock(&auth->lock);
    return config;
}

/* Source: RFC 6750, "2.1. Authorization Request Header Field"; read 2026-11-21. Empty
 * when there is none. */
static struct str bearer_of(const struct request *request)
{
    struct str rest = request_header(request, "Authorization");
    struct str scheme = str_cut(&rest, ' ');
    return str_equal_nocase(scheme, STR("Bearer")) ? str_trim(rest) : STR_NONE;
}

/* NULL when nobody has it. Every token is looked at, so that the time tells nothing. */
static const struct admin_token *find_token(const struct config *config,
                                            struct str bearer)
{
    uint8_t hash[SHA256_BYTES];
    const struct admin_token *found = NULL;
    if (bearer.len == 0 || sha256(bearer, hash, NULL) != STATUS_OK)
        return NULL;
    for (size_t i = 0; i < config->admin.token_count; i++) {
        const struct admin_token *token = &config->admin.tokens[i];
        if (bytes_equal(token->sha256, hash, sizeof(hash)))
            found = token;
    }
    return found;
}

/* Source: RFC 6750, "3. The WWW-Authenticate Response Header Field"; read 2026-11-21.
 */
static void refuse(const struct admin_auth *auth, struct request *request,
                   enum status status, struct str challenge)
{
    struct error err;
    const struct http_header header = {STR("WWW-Authenticate"), challenge};
    series_add(auth->refused, 1);
    (void)fail(&err, status, "the token is a viewer's, this takes an operator's");
    request_respond_problem_with(request, status, &err, &header);
}

bool admin_auth_allows(struct admin_auth *auth, struct request *request,
                       enum admin_role role)
{
    CLEANUP(config_dropp) struct config *config = current_config(auth);
    struct str bearer = bearer_of(request);
    if (config->admin.token_count == 0 && auth->is_local)
        return true;

    const struct admin_token *token = find_token(config, bearer);
    if (token == NULL && bearer.len == 0)
        refuse(auth, request, STATUS_DENIED, STR("Bearer realm=\"omgw\""));
    else if (token == NULL)
        refuse(auth, request, STATUS_DENIED,
               STR("Bearer realm=\"omgw\", error=\"invalid_token\""));
    else if (token->role < role)
        refuse(auth, request, STATUS_FORBIDDEN,
               STR("Bearer realm=\"omgw\", error=\"insufficient_scope\""));
    return token != NULL && token->role >= role;
}
