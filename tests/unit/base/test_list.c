#include "../test.h"

#include "base/list.h"

struct item {
    int value;
    struct list in_list;
};

static void assert_values(struct list *head, const int *want, size_t n)
{
    size_t i = 0;
    LIST_FOR(head, l, next) {
        assert_true(i < n);
        assert_int_equal(LIST_OWNER(l, struct item, in_list)->value, want[i]);
        assert_ptr_equal(l->prev->next, l);
        i++;
    }
    assert_int_equal(i, n);
    assert_int_equal(list_is_empty(head), n == 0);
}

static void order_and_removal(void **state)
{
    (void)state;
    struct list head;
    struct item items[5];
    list_init(&head);
    assert_values(&head, NULL, 0);
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        list_init(&items[i].in_list);
        list_add_last(&head, &items[i].in_list);
    }
    assert_values(&head, (const int[]){0, 1, 2, 3, 4}, 5);
    list_remove(&items[2].in_list);
    list_remove(&items[2].in_list); /* an unlinked element may be removed again */
    assert_true(list_is_empty(&items[2].in_list));
    assert_values(&head, (const int[]){0, 1, 3, 4}, 4);
    list_add_last(&head, &items[2].in_list);
    assert_values(&head, (const int[]){0, 1, 3, 4, 2}, 5);
    LIST_FOR(&head, l, next) { /* the element at hand may leave */
        if (LIST_OWNER(l, struct item, in_list)->value % 2 == 0) {
            list_remove(l);
        }
    }
    assert_values(&head, (const int[]){1, 3}, 2);
    LIST_FOR(&head, l, next) {
        list_remove(l);
    }
    assert_values(&head, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_removal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
