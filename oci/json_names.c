/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_names - the names of one JSON object, to find the one that stands twice
 *
 * How it works. Most objects have a few names: a number made from both ends and the
 * length of each stands in a row, and they are compared one by one. More names go to a hash table
 * with open addressing. A slot is one word: 24 bits say where the name begins, 1 bit says whether
 * that is in the document or among the decoded names, 7 bits of the hash spare most looks at the
 * text. So a million names cost four to eight megabytes. Hashes only save time; what counts is the
 * comparison of the decoded bytes.
 *
 * The hash starts from addresses, which differ from run to run where the kernel
 * randomises them, so that nobody can prepare names which all fall into one slot.
 */
#include "oci/json_names.h"

#include <assert.h>
#include <string.h>

#include "oci/json.h"

/* From so many slots on a table grows with care for memory, below with care for time. */
enum { MANY = 1 << 16 };

static const uint32_t DECODED = UINT32_C(1) << 31;
static const uint32_t TAG = UINT32_C(0x7f) << 24;
static const uint32_t PLACE = (UINT32_C(1) << 24) - 1;

static_assert(JSON_MAX_BYTES <= 1 << 24, "24 bits hold every place in a document");

/* Up to seven bytes as a number; with the length known, no two texts give the same. */
static uint64_t load_short(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	uint32_t a, b;

	if (n == 0)
		return 0;
	if (n < 4)
		return u[0] | (uint64_t)u[n / 2] << 8 | (uint64_t)u[n - 1] << 16;
	memcpy(&a, p, 4);
	memcpy(&b, p + n - 4, 4);
	return a | (uint64_t)b << 32;
}

/* A cheap number to tell names apart while they are few. */
static uint32_t brief_of(const char *name, size_t len)
{
	uint64_t ends = load_short(name, len < 4 ? len : 4);

	if (len > 4)
		ends |= load_short(name + len - 4, 4) << 32;
	return (uint32_t)((ends * UINT64_C(0x9e3779b97f4a7c15)) >> 32) + (uint32_t)len;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* Two sums that do not wait for each other. */
static uint64_t hash_name(const struct json_names_pool *pool, const char *name, size_t len)
{
	uint64_t h = ((uintptr_t)pool ^ (uintptr_t)pool->doc << 20) + len, g = ~h, words[2];
	size_t n = len;

	for (; n >= 16; n -= 16, name += 16) {
		memcpy(words, name, 16);
		h = mix(h, words[0]);
		g = mix(g, words[1]);
	}
	if (n >= 8) {
		memcpy(words, name, 8);
		h = mix(h, words[0]);
		name += 8;
		n -= 8;
	}
	return mix(mix(h, load_short(name, n)), g);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 57) << 24;
}

static const char *text_of(const struct json_names_pool *pool, uint32_t name)
{
	return (name & DECODED ? pool->decoded.s : pool->doc) + (name & PLACE);
}

/* The length of a name that is known to be complete. */
static size_t length_of(const struct json_names_pool *pool, uint32_t name)
{
	const char *s = text_of(pool, name);

	if (name & DECODED)
		return strlen(s);
	return (size_t)((const char *)memchr(s, '"', pool->len - (name & PLACE)) - s);
}

/* Is the remembered name this one? Its end in the document is the closing quote, and a
 * decoded name that holds a quote must not be taken for text around one. */
static bool same(const struct json_names_pool *pool, uint32_t known, const char *name, size_t len)
{
	const char *s = text_of(pool, known);

	if (known & DECODED)
		return len < pool->decoded.len - (known & PLACE) && !memcmp(s, name, len) &&
		       s[len] == '\0';
	return len < pool->len - (known & PLACE) && !memcmp(s, name, len) && s[len] == '"' &&
	       (len == 0 || !memchr(name, '"', len));
}

/* Where the name is, as one word; one that yajl had to decode is copied into the pool. */
static uint32_t remember(struct json_names_pool *pool, const char *name, size_t len)
{
	uintptr_t place = (uintptr_t)name - (uintptr_t)pool->doc;

	if ((uintptr_t)name >= (uintptr_t)pool->doc && place < pool->len)
		return (uint32_t)place;
	place = pool->decoded.len;
	text_put(&pool->decoded, name, len);
	text_put(&pool->decoded, "", 1);
	return (uint32_t)place | DECODED;
}

/* A slot: where the name is, and a piece of its hash. */
static uint32_t slot_of(uint64_t hash, uint32_t name)
{
	return (name & ~TAG) | tag_of(hash);
}

static void put_free(uint32_t *slots, size_t n_slots, uint64_t hash, uint32_t name)
{
	size_t i = hash & (n_slots - 1);

	while (slots[i])
		i = (i + 1) & (n_slots - 1);
	slots[i] = slot_of(hash, name);
}

/* Move to a table of the given size, from the row or from a smaller table. */
static void rebuild(struct json_names *s, const struct json_names_pool *pool, size_t n_slots)
{
	const uint32_t *from = s->slots ? s->slots : s->names;
	size_t n_from = s->slots ? s->n_slots : s->n;
	struct arena arena = {0};
	uint32_t *slots;

	slots = arena_alloc(&arena, n_slots * sizeof(*slots));
	for (size_t i = 0; i < n_from; i++)
		if (from[i])
			put_free(slots, n_slots,
				 hash_name(pool, text_of(pool, from[i]), length_of(pool, from[i])),
				 from[i]);
	arena_free(&s->arena);
	s->arena = arena;
	s->slots = slots;
	s->n_slots = n_slots;
}

/* Add to an object that has many names, or is about to. */
static bool add_to_table(struct json_names *s, struct json_names_pool *pool, const char *name,
			 size_t len)
{
	uint64_t hash;
	size_t i;

	if (!s->slots)
		rebuild(s, pool, (size_t)JSON_NAMES_FEW * 4);
	hash = hash_name(pool, name, len);
	for (i = hash & (s->n_slots - 1); s->slots[i]; i = (i + 1) & (s->n_slots - 1))
		if ((s->slots[i] & TAG) == tag_of(hash) && same(pool, s->slots[i], name, len))
			return false;
	s->last = remember(pool, name, len);
	s->n++;
	if (s->n * 4 <= s->n_slots * 3) {
		s->slots[i] = slot_of(hash, s->last);
		return true;
	}
	rebuild(s, pool, s->n_slots * (s->n_slots < MANY ? 4 : 2));
	put_free(s->slots, s->n_slots, hash, s->last);
	return true;
}

void json_names_open(struct json_names *s, const struct json_names_pool *pool)
{
	s->n = 0;
	s->last = 0;
	s->decoded_mark = pool->decoded.len;
	s->slots = NULL;
	s->n_slots = 0;
	s->arena = (struct arena){0};
}

void json_names_close(struct json_names *s, struct json_names_pool *pool)
{
	if (s->slots)
		arena_free(&s->arena);
	s->slots = NULL;
	pool->decoded.len = s->decoded_mark;
}

bool json_names_add(struct json_names *s, struct json_names_pool *pool, const char *name,
		    size_t len)
{
	uint32_t brief;

	if (s->n >= JSON_NAMES_FEW)
		return add_to_table(s, pool, name, len);
	brief = brief_of(name, len);
	for (size_t i = 0; i < s->n; i++)
		if (s->briefs[i] == brief && same(pool, s->names[i], name, len))
			return false;
	s->last = remember(pool, name, len);
	s->briefs[s->n] = brief;
	s->names[s->n++] = s->last;
	return true;
}

const char *json_names_text(const struct json_names *s, const struct json_names_pool *pool)
{
	return text_of(pool, s->last);
}
