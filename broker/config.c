#include "config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define TEXT_KEY(key, type) CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, key, 0, 1024)
#define TEXT_NEED(key, type) CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct type, key, 1, 1024)
#define COUNT_KEY(key, type) CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, struct type, key)
#define GROUP_KEY(key, type) \
    CYAML_FIELD_MAPPING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config, key, type##_fields)

static const cyaml_schema_field_t redis_fields[] = {TEXT_KEY(url, config_redis), TEXT_KEY(fsync, config_redis), CYAML_FIELD_END};
static const cyaml_schema_field_t organisation_fields[] = {TEXT_NEED(id, config_organisation), TEXT_NEED(name, config_organisation),
                                                           TEXT_KEY(country, config_organisation), CYAML_FIELD_END};
static const cyaml_schema_field_t weights_fields[] = {COUNT_KEY(chat, config_weights), COUNT_KEY(email, config_weights),
                                                      COUNT_KEY(sms, config_weights), CYAML_FIELD_END};
static const cyaml_schema_field_t limits_fields[] = {
    COUNT_KEY(frames_per_s, config_limits),         COUNT_KEY(frames_burst, config_limits), COUNT_KEY(sessions_max, config_limits),
    COUNT_KEY(sessions_per_address, config_limits), COUNT_KEY(send_kb_max, config_limits),  COUNT_KEY(heartbeat_ms, config_limits),
    COUNT_KEY(away_grace_ms, config_limits),        CYAML_FIELD_END};
static const cyaml_schema_field_t queue_fields[] = {TEXT_NEED(id, config_queue), TEXT_KEY(name_nl, config_queue),
                                                    TEXT_KEY(name_en, config_queue), CYAML_FIELD_END};
static const cyaml_schema_field_t mailbox_fields[] = {
    TEXT_NEED(address, config_mailbox), TEXT_NEED(queue, config_mailbox),    TEXT_NEED(imap_url, config_mailbox),
    TEXT_NEED(smtp_url, config_mailbox), TEXT_KEY(user, config_mailbox),     TEXT_KEY(password, config_mailbox),
    TEXT_KEY(tls, config_mailbox),      CYAML_FIELD_END};
static const cyaml_schema_field_t number_fields[] = {
    TEXT_NEED(number, config_number), TEXT_NEED(queue, config_number),       TEXT_NEED(provider, config_number),
    TEXT_NEED(url, config_number),    TEXT_NEED(user, config_number),        TEXT_NEED(password, config_number),
    TEXT_NEED(hook_secret, config_number), TEXT_NEED(hook_url, config_number), CYAML_FIELD_END};
static const cyaml_schema_value_t queue_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_queue, queue_fields)};
static const cyaml_schema_value_t mailbox_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_mailbox, mailbox_fields)};
static const cyaml_schema_value_t number_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_number, number_fields)};
static const cyaml_schema_value_t origin_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 1024)};
#define LIST_KEY(key, schema, max) \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config, key, &schema, 0, max)
static const cyaml_schema_field_t config_fields[] = {
    TEXT_KEY(listen, config),
    TEXT_KEY(web, config),
    TEXT_KEY(data, config),
    TEXT_KEY(node, config),
    TEXT_KEY(log_level, config),
    TEXT_KEY(tls_cert, config),
    TEXT_KEY(tls_key, config),
    CYAML_FIELD_BOOL("secure_cookie", CYAML_FLAG_OPTIONAL, struct config, secure_cookie),
    LIST_KEY(origins, origin_schema, 64),
    GROUP_KEY(redis, redis),
    GROUP_KEY(organisation, organisation),
    GROUP_KEY(weights, weights),
    GROUP_KEY(limits, limits),
    LIST_KEY(queues, queue_schema, HUB_QUEUES_MAX),
    LIST_KEY(mailboxes, mailbox_schema, HUB_MAILBOXES_MAX),
    LIST_KEY(sms, number_schema, HUB_NUMBERS_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t config_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, config_fields)};

static void config_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    (void)ctx;
    if (level >= CYAML_LOG_ERROR) {
        char line[512];
        (void)vsnprintf(line, sizeof line, format, args); /* cut is fine: a message for people */
        log_event(LOG_ERROR, "config", "why=\"%s\"", line);
    }
}

static const cyaml_config_t cyaml = {.log_fn = config_log, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};

void config_free(struct config **c)
{
    if (*c) {
        (void)cyaml_free(&cyaml, &config_schema, *c, 0);
        *c = NULL;
    }
}

static int fault(const char *key, const char *remedy)
{
    log_event(LOG_ERROR, "config", "key=%s remedy=\"%s\"", key, remedy);
    return ERR_BAD_CONFIG;
}

/* Defaults are put where cyaml's own allocator frees them. */
static int need(char **at, const char *value)
{
    if (*at || !value) {
        return 0;
    }
    *at = strdup(value);
    return *at ? 0 : ERR_MEMORY;
}

static int need_group(void **at, size_t bytes)
{
    if (!*at) {
        *at = calloc(1, bytes);
    }
    return *at ? 0 : ERR_MEMORY;
}

static void need_count(unsigned *at, unsigned value)
{
    if (*at == 0) {
        *at = value;
    }
}

static int config_data_default(char **at)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char path[512];
    int n = state && state[0] == '/' ? snprintf(path, sizeof path, "%s/loket", state)
                                     : snprintf(path, sizeof path, "%s/.local/state/loket", home ? home : "/var/tmp");
    return n > 0 && (size_t)n < sizeof path ? need(at, path) : fault("data", "give a shorter folder");
}

static int config_defaults(struct config *c)
{
    int err = 0;
    err = err ? err : need(&c->listen, "127.0.0.1:7080");
    err = err ? err : need(&c->node, "node1");
    err = err ? err : need(&c->log_level, "info");
    err = err ? err : need(&c->web, access("web/dist", R_OK) == 0 ? "web/dist" : "/usr/share/loket/web");
    err = err ? err : (c->data ? 0 : config_data_default(&c->data));
    err = err ? err : need_group((void **)&c->redis, sizeof *c->redis);
    err = err ? err : need_group((void **)&c->organisation, sizeof *c->organisation);
    err = err ? err : need_group((void **)&c->weights, sizeof *c->weights);
    err = err ? err : need_group((void **)&c->limits, sizeof *c->limits);
    if (err) {
        return err;
    }
    need_count(&c->weights->chat, 2);
    need_count(&c->weights->email, 1);
    need_count(&c->weights->sms, 1);
    need_count(&c->limits->frames_per_s, 20);
    need_count(&c->limits->frames_burst, 100);
    need_count(&c->limits->sessions_max, 20000);
    need_count(&c->limits->sessions_per_address, 200);
    need_count(&c->limits->send_kb_max, 1024);
    need_count(&c->limits->heartbeat_ms, 25000);
    need_count(&c->limits->away_grace_ms, 60000);
    err = need(&c->redis->fsync, "always");
    err = err ? err : need(&c->organisation->id, "demo");
    err = err ? err : need(&c->organisation->name, "Demo");
    err = err ? err : need(&c->organisation->country, "31");
    if (!err && c->queues_count == 0) {
        free(c->queues);
        c->queues = calloc(1, sizeof *c->queues);
        if (!c->queues) {
            return ERR_MEMORY;
        }
        c->queues_count = 1;
        err = need(&c->queues[0].id, "general");
        err = err ? err : need(&c->queues[0].name_nl, "Algemeen");
        err = err ? err : need(&c->queues[0].name_en, "General");
    }
    for (unsigned i = 0; !err && i < c->queues_count; i++) {
        err = need(&c->queues[i].name_nl, c->queues[i].id);
        err = err ? err : need(&c->queues[i].name_en, c->queues[i].name_nl);
    }
    for (unsigned i = 0; !err && i < c->mailboxes_count; i++) {
        err = need(&c->mailboxes[i].tls, "required");
    }
    return err;
}

bool config_id_is_plain(const char *id)
{
    return id[0] != '\0' && strlen(id) <= ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(id);
}

static bool has_queue(const struct config *c, const char *id)
{
    for (unsigned i = 0; i < c->queues_count; i++) {
        if (strcmp(c->queues[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static int config_check(const struct config *c)
{
    char host[64];
    int port, err = 0;
    enum log_level level;
    if (config_listen_split(c->listen, host, &port)) {
        err = fault("listen", "write HOST:PORT with a port from 0 to 65535, like 127.0.0.1:7080");
    }
    if (log_level_parse(c->log_level, &level)) {
        err = fault("log_level", "use debug, info, warn or error");
    }
    if (!config_id_is_plain(c->node) || !config_id_is_plain(c->organisation->id)) {
        err = fault("node or organisation.id", "use 1 to 64 of a-z, 0-9 and -");
    }
    if (strcmp(c->redis->fsync, "always") && strcmp(c->redis->fsync, "everysec") && strcmp(c->redis->fsync, "no")) {
        err = fault("redis.fsync", "use always (what is acked is on disk), everysec or no");
    }
    if (!c->tls_cert != !c->tls_key) {
        err = fault("tls_cert and tls_key", "give both or neither");
    }
    for (unsigned i = 0; i < c->queues_count; i++) {
        if (!config_id_is_plain(c->queues[i].id)) {
            err = fault("queues[].id", "use 1 to 64 of a-z, 0-9 and -");
        }
    }
    for (unsigned i = 0; i < c->mailboxes_count; i++) {
        const struct config_mailbox *m = &c->mailboxes[i];
        if (!has_queue(c, m->queue)) {
            err = fault("mailboxes[].queue", "name one of queues[].id");
        }
        if (strcmp(m->tls, "none") && strcmp(m->tls, "required")) {
            err = fault("mailboxes[].tls", "use required, or none for a server on this host");
        }
        if (!strchr(m->address, '@')) {
            err = fault("mailboxes[].address", "give an e-mail address");
        }
    }
    for (unsigned i = 0; i < c->sms_count; i++) {
        if (!has_queue(c, c->sms[i].queue)) {
            err = fault("sms[].queue", "name one of queues[].id");
        }
        if (strcmp(c->sms[i].provider, "kannel")) {
            err = fault("sms[].provider", "only kannel is known");
        }
        if (c->sms[i].number[0] != '+') {
            err = fault("sms[].number", "write it in E.164 form with +, in quotes");
        }
    }
    return err;
}

int config_listen_split(const char *listen, char host[64], int *port)
{
    const char *colon = strrchr(listen, ':');
    uint64_t number;
    if (!colon || text_copy((struct text){listen, (size_t)(colon - listen)}, host, 64) ||
        text_to_u64(text_of(colon + 1), &number) || number > 65535) {
        return ERR_BAD_CONFIG;
    }
    *port = (int)number;
    return 0;
}

int config_load(const char *path, struct config **out)
{
    struct config *c = NULL;
    if (path) {
        if (access(path, R_OK) != 0) {
            log_event(LOG_ERROR, "config", "file=\"%s\" why=\"%s\" remedy=\"name a file that can be read\"", path, strerror(errno));
            return ERR_IO;
        }
        if (cyaml_load_file(path, &cyaml, &config_schema, (cyaml_data_t **)&c, NULL) != CYAML_OK) {
            log_event(LOG_ERROR, "config", "file=\"%s\" remedy=\"mend the key named above; loketctl check tests a file\"", path);
            return ERR_BAD_CONFIG;
        }
    } else {
        c = calloc(1, sizeof *c);
        if (!c) {
            return ERR_MEMORY;
        }
    }
    int err = config_defaults(c);
    err = err ? err : config_check(c);
    if (err) {
        config_free(&c);
        return err;
    }
    *out = c;
    return 0;
}
