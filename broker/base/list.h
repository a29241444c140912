/* An intrusive doubly linked list: the element holds a struct list, the head is one too. An unlinked element points at itself. */
#ifndef LOKET_BASE_LIST_H
#define LOKET_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_remove(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

static inline void list_add_last(struct list *head, struct list *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

#define LIST_OWNER(l, type, member) ((type *)(void *)((char *)(l) - offsetof(type, member)))
#define LIST_FOR(head, l, next_) \
    for (struct list *l = (head)->next, *next_ = l->next; l != (head); l = next_, next_ = l->next)

#endif
