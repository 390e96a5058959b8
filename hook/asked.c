/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked - what the file of an update asks for, and what in it means nothing
 */
#include "hook/asked.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* By the place in the object, "*" for any name or number: the names that oci/ reads there. */
static const struct {
	const char *at, *names;
	bool zero_is_absent; /* 0 and "" ask for nothing */
} places[] = {
    {"", "memory cpu pids blockIO hugepageLimits rdma network devices unified", false},
    {"/memory", "limit reservation swap kernel kernelTCP", true},
    {"/memory", "swappiness disableOOMKiller useHierarchy checkBeforeUpdate", false},
    {"/cpu", "shares quota period realtimePeriod realtimeRuntime cpus mems", true},
    {"/cpu", "burst idle", false},
    {"/pids", "limit", false},
    {"/blockIO", "weight leafWeight", true},
    {"/blockIO",
     "weightDevice throttleReadBpsDevice throttleWriteBpsDevice throttleReadIOPSDevice "
     "throttleWriteIOPSDevice",
     false},
    {"/blockIO/weightDevice/*", "major minor weight leafWeight", false},
    {"/blockIO/throttleReadBpsDevice/*", "major minor rate", false},
    {"/blockIO/throttleWriteBpsDevice/*", "major minor rate", false},
    {"/blockIO/throttleReadIOPSDevice/*", "major minor rate", false},
    {"/blockIO/throttleWriteIOPSDevice/*", "major minor rate", false},
    {"/hugepageLimits/*", "pageSize limit", false},
    {"/rdma", "*", false},
    {"/rdma/*", "hcaHandles hcaObjects", false},
    {"/network", "classID priorities", false},
    {"/network/priorities/*", "name priority", false},
    {"/devices/*", "allow type major minor access", false},
    {"/unified", "*", false},
};

struct walk {
	struct asked *asked;
	struct arena *arena;
};

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (size_t n; *words; words += n + strspn(words + n, " ")) {
		n = strcspn(words, " ");
		if (n == len && strncmp(words, word, n) == 0)
			return true;
	}
	return false;
}

/* The names of a place on one line; NULL: it has none. */
static const char *names_at(const char *at, struct arena *a)
{
	const char *all = NULL;

	for (size_t i = 0; i < COUNT(places); i++)
		if (strcmp(places[i].at, at) == 0)
			all =
			    all ? arena_printf(a, "%s %s", all, places[i].names) : places[i].names;
	return all;
}

static bool is_empty(const struct json *value)
{
	return ((value->type == JSON_NUMBER || value->type == JSON_STRING) &&
		(!value->len || strcmp(value->text, "0") == 0)) ||
	       value->type == JSON_NULL;
}

/* A value that has no members: does it ask for something? */
static bool asks(const char *at, const struct json *value)
{
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i].zero_is_absent && strcmp(places[i].at, at) == 0 &&
		    has_word(places[i].names, value->key))
			return !is_empty(value);
	return true;
}

/* A member, or an element, of what is at that place. Objects within objects: the document's depth
 * is limited. */
static void look_at(struct walk *w, const struct json *value, const char *at)
{
	struct asked *asked = w->asked;
	const char *known = names_at(at, w->arena);
	const bool in_array = value->parent->type == JSON_ARRAY;
	const bool any = in_array || (known && strcmp(known, "*") == 0);

	if (value->type == JSON_NULL)
		return;
	if (!any && known && !has_word(known, value->key)) {
		*ARENA_APPEND(w->arena, asked->unknown, asked->n_unknown) =
		    (struct asked_unknown){value, known};
		return;
	}
	if (value->type != JSON_OBJECT && value->type != JSON_ARRAY) {
		asked->anything |= in_array || asks(at, value);
		return;
	}
	at = arena_printf(w->arena, "%s/%s", at, any ? "*" : value->key);
	for (const struct json *m = value->first; m; m = m->next)
		look_at(w, m, at);
}

void asked_look(struct asked *ret, const struct json *root, struct arena *a)
{
	struct walk w = {ret, a};

	*ret = (struct asked){0};
	for (const struct json *m = root->first; m; m = m->next)
		look_at(&w, m, "");
}
