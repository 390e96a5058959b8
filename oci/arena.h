/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - memory that is freed all at once
 *
 * A config, the facts, a plan, a record each live in one arena: no partial
 * trees, no free on error paths. vmcg is a short program with a peak of a few
 * MiB, so memory that cannot be had ends it at once (exit code 1). For what is
 * half done at that moment this equals kill -9, which the record survives.
 */
#ifndef VMCG_OCI_ARENA_H
#define VMCG_OCI_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/* Starts as {0}. */
struct arena {
	struct arena_block *head;
};

/* size bytes, zeroed, aligned for any type. Never NULL. Owned by the arena. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of n bytes of s with a NUL behind it. */
char *arena_copy(struct arena *a, const char *s, size_t n);

/* printf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/*
 * Room for one more element in a growing array: returns the array, moved if it
 * had to grow. n elements of size bytes are in use. The capacity is the next
 * power of two, so no second number has to be kept.
 */
void *arena_grow(struct arena *a, void *array, size_t n, size_t size);

void arena_free(struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Append a zeroed element to (array, n) and return a pointer to it. */
#define ARENA_APPEND(a, array, n) \
	((array) = arena_grow((a), (array), (n), sizeof(*(array))), &(array)[(n)++])

#endif
