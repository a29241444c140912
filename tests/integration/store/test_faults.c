/* Redis dies, and its folder is wiped: every pending callback once and with an error, back by itself, and the epoch tells whether data was lost. */
#include "main.h"

#include <signal.h>
#include <stdio.h>

#define IN_FLIGHT 500

struct flight {
    int called[IN_FLIGHT], done, ok;
};

static void landed(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct flight *f = ctx;
    (void)r;
    f->called[t->a]++;
    f->done++;
    f->ok += err == 0;
    assert_true(err == 0 || err == ERR_STORE_AWAY || err == ERR_TIMEOUT || err == ERR_CLOSED || err == ERR_STORE_REFUSED);
}

static void a_killed_server_answers_every_call_once_and_comes_back(void **state)
{
    (void)state;
    static struct flight f;
    char epoch[32];
    (void)snprintf(epoch, sizeof epoch, "%s", store_epoch(b->store));
    assert_int_equal(strlen(epoch), 26);
    open_chat(b, "crash", "tax", 1000);
    struct got before = do_get(b, T("crash"), T("client-crash"));
    struct store_append a = {.conversation = T("crash"), .now_ms = 2000};
    a.entry = entry_of("message", "system", "in flight");
    /* Stopped first, so that all of them are surely under way when it dies. */
    assert_int_equal(kill(bench_redis_pid(b), SIGSTOP), 0);
    for (uint64_t i = 0; i < IN_FLIGHT; i++) {
        assert_int_equal(store_append(b->store, &a, landed, &f, (struct ticket){.a = i}), 0);
    }
    assert_int_equal(f.done, 0); /* never before return */
    assert_int_equal(kill(bench_redis_pid(b), SIGKILL), 0);
    bench_wait_down(b);
    assert_int_equal(f.done, IN_FLIGHT);
    assert_int_equal(f.ok, 0);
    for (int i = 0; i < IN_FLIGHT; i++) {
        assert_int_equal(f.called[i], 1);
    }
    assert_false(store_is_up(b->store));
    assert_int_equal(do_append(b, &a).err, ERR_STORE_AWAY);
    assert_int_equal(do_get(b, T("crash"), NONE).err, ERR_STORE_AWAY);
    bench_wait_up(b);
    assert_string_equal(store_epoch(b->store), epoch);
    struct got after = do_get(b, T("crash"), T("client-crash"));
    assert_int_equal(after.err, 0);
    assert_int_equal(after.counter, before.counter);
    a.now_ms = 3000;
    assert_int_equal(do_append(b, &a).err, 0);
}

static void what_was_acked_survives_every_kill(void **state)
{
    (void)state;
    open_chat(b, "acked", "tax", 1000);
    uint64_t counter = 1;
    for (int kills = 0; kills < 3; kills++) {
        for (int i = 0; i < 20; i++) {
            struct store_append a = {.conversation = T("acked"), .client = T("client-acked"), .counter = counter + 1, .channel = T("chat"), .from_resident = true,
                                     .now_ms = 2000};
            a.entry = entry_of("message", "resident", "words");
            struct got g = do_append(b, &a);
            assert_int_equal(g.err, 0);
            assert_int_equal(g.seq, ++counter);
        }
        assert_int_equal(kill(bench_redis_pid(b), SIGKILL), 0);
        bench_wait_down(b);
        bench_wait_up(b);
        struct got g = do_get(b, T("acked"), T("client-acked"));
        assert_int_equal(g.seq, counter);
        assert_int_equal(g.counter, counter);
    }
    struct got log = do_log_after(b, T("acked"), 0, TEXTS_MAX);
    assert_int_equal(log.texts_n, counter);
    assert_int_equal(log.seqs[counter - 1], counter);
}

static void a_stop_and_a_start_keep_everything(void **state)
{
    (void)state;
    char epoch[32];
    unsigned char secret[32];
    (void)snprintf(epoch, sizeof epoch, "%s", store_epoch(b->store));
    memcpy(secret, store_secret(b->store), sizeof secret);
    open_chat(b, "stop", "tax", 1000);
    bench_reopen(b);
    assert_string_equal(store_epoch(b->store), epoch);
    assert_memory_equal(store_secret(b->store), secret, sizeof secret); /* sign-ins stay good */
    assert_int_equal(do_get(b, T("stop"), NONE).seq, 1);
}

static void lost_data_have_another_epoch(void **state)
{
    (void)state;
    char epoch[32];
    (void)snprintf(epoch, sizeof epoch, "%s", store_epoch(b->store));
    open_chat(b, "wiped", "tax", 1000);
    int pid = bench_redis_pid(b);
    bench_wipe(b);
    assert_int_equal(kill(pid, SIGKILL), 0);
    bench_wait_down(b);
    bench_wait_up(b);
    assert_string_not_equal(store_epoch(b->store), epoch);
    assert_int_equal(do_get(b, T("wiped"), NONE).err, ERR_NOT_FOUND);
    open_chat(b, "wiped", "tax", 1000); /* and work goes on */
}

static void closing_ends_what_is_under_way(void **state)
{
    (void)state;
    static struct flight f;
    struct store_append a = {.conversation = T("wiped"), .now_ms = 2000};
    a.entry = entry_of("message", "system", "in flight");
    for (uint64_t i = 0; i < IN_FLIGHT; i++) {
        assert_int_equal(store_append(b->store, &a, landed, &f, (struct ticket){.a = i}), 0);
    }
    store_close(&b->store);
    assert_int_equal(f.done, IN_FLIGHT);
    for (int i = 0; i < IN_FLIGHT; i++) {
        assert_int_equal(f.called[i], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_server_answers_every_call_once_and_comes_back),
        cmocka_unit_test(what_was_acked_survives_every_kill),
        cmocka_unit_test(a_stop_and_a_start_keep_everything),
        cmocka_unit_test(lost_data_have_another_epoch),
        cmocka_unit_test(closing_ends_what_is_under_way),
    };
    return RUN(tests);
}
