/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - memory that is freed all at once
 *
 * Blocks are linked newest first and grow with the demand; one allocation never
 * spans two. A request larger than a block gets a block of its own.
 */
#include "oci/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 8192, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(ALIGNMENT) char bytes[];
};

static void out_of_memory(size_t size) __attribute__((noreturn));

static void out_of_memory(size_t size)
{
	fprintf(stderr, "vmcg: out of memory (%zu bytes asked for)\n", size);
	_Exit(1);
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
	struct arena_block *b;

	if (size > SIZE_MAX - sizeof(*b))
		out_of_memory(size);
	b = malloc(sizeof(*b) + size);
	if (!b)
		out_of_memory(size);
	b->used = 0;
	b->size = size;
	b->next = a->head;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->head;
	size_t rounded;
	void *p;

	if (size > SIZE_MAX - ALIGNMENT)
		out_of_memory(size);
	rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!b || b->size - b->used < rounded)
		b = add_block(a, rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE);
	p = b->bytes + b->used;
	b->used += rounded;
	memset(p, 0, size);
	return p;
}

char *arena_copy(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (n)
		memcpy(p, s, n);
	return p;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		n = 0;
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t size)
{
	size_t cap = n ? n * 2 : 4;
	void *p;

	/* Full only at 0, 4, 8, 16, ...: at any other count there is room left. */
	if (n && (n < 4 || (n & (n - 1))))
		return array;
	if (cap > SIZE_MAX / size)
		out_of_memory(SIZE_MAX);
	p = arena_alloc(a, cap * size);
	if (n)
		memcpy(p, array, n * size);
	return p;
}

void arena_free(struct arena *a)
{
	while (a->head) {
		struct arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
}
