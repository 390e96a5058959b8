/* SPDX-License-Identifier: Apache-2.0 */
/*
 * human - sizes, times and shares as people read them
 */
#include "hook/human.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct unit {
	const char *name;
	uint64_t size;
	uint64_t end; /* from this many on, as rounded, the next unit is better */
};

/* value in the first unit that is large enough, with at most one decimal. False: none is. */
static bool put_scaled(char *buf, uint64_t value, const struct unit *units, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t size = units[i].size;
		uint64_t whole = value / size, rest = value % size, tenths = 0;

		if (whole >= 100)
			whole += rest >= size - rest;
		else
			tenths = (rest * 10 + size / 2) / size; /* no overflow: 2^60 at most */
		whole += tenths / 10;
		tenths %= 10;
		if (whole >= units[i].end)
			continue;
		if (tenths)
			snprintf(buf, HUMAN_MAX, "%" PRIu64 ".%u %s", whole, (unsigned)tenths,
				 units[i].name);
		else
			snprintf(buf, HUMAN_MAX, "%" PRIu64 " %s", whole, units[i].name);
		return true;
	}
	return false;
}

const char *human_bytes(char *buf, uint64_t bytes)
{
	static const struct unit units[] = {
	    {"B", 1, 1024},
	    {"KiB", 1ULL << 10, 1024},
	    {"MiB", 1ULL << 20, 1024},
	    {"GiB", 1ULL << 30, 1024},
	    {"TiB", 1ULL << 40, 1024},
	    {"PiB", 1ULL << 50, 1024},
	    {"EiB", 1ULL << 60, UINT64_MAX},
	};

	put_scaled(buf, bytes, units, COUNT(units));
	return buf;
}

const char *human_usec(char *buf, uint64_t usec)
{
	static const struct unit units[] = {
	    {"us", 1, 1000}, {"ms", 1000, 1000}, {"s", 1000000, 60}};

	if (put_scaled(buf, usec, units, COUNT(units)))
		return buf;
	return human_seconds(buf, usec / 1000000 + (usec % 1000000 >= 500000));
}

const char *human_seconds(char *buf, uint64_t seconds)
{
	static const struct {
		const char *name;
		uint64_t size;
	} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	size_t i = 0;
	uint64_t more = 0;

	while (i + 1 < COUNT(units) && seconds < units[i].size)
		i++;
	if (i + 1 < COUNT(units))
		more = seconds % units[i].size / units[i + 1].size;
	if (more)
		snprintf(buf, HUMAN_MAX, "%" PRIu64 " %s %" PRIu64 " %s", seconds / units[i].size,
			 units[i].name, more, units[i + 1].name);
	else
		snprintf(buf, HUMAN_MAX, "%" PRIu64 " %s", seconds / units[i].size, units[i].name);
	return buf;
}

/* Hundredths of part / whole, rounded; of nothing it is nothing. */
static uint64_t in_hundredths(uint64_t part, uint64_t whole)
{
	/* The product must not overflow: large numbers lose digits that nobody sees. */
	while (part > UINT64_MAX / 200 || whole > UINT64_MAX / 2) {
		part /= 1024;
		whole /= 1024;
	}
	return whole ? (part * 100 + whole / 2) / whole : 0;
}

const char *human_percent(char *buf, uint64_t part, uint64_t whole)
{
	snprintf(buf, HUMAN_MAX, "%" PRIu64 " %%", in_hundredths(part, whole));
	return buf;
}

const char *human_ratio(char *buf, uint64_t part, uint64_t whole)
{
	uint64_t hundredths = in_hundredths(part, whole);

	if (hundredths % 100 == 0)
		snprintf(buf, HUMAN_MAX, "%" PRIu64, hundredths / 100);
	else if (hundredths % 10 == 0)
		snprintf(buf, HUMAN_MAX, "%" PRIu64 ".%u", hundredths / 100,
			 (unsigned)(hundredths % 100 / 10));
	else
		snprintf(buf, HUMAN_MAX, "%" PRIu64 ".%02u", hundredths / 100,
			 (unsigned)(hundredths % 100));
	return buf;
}

const char *human_count(char *buf, uint64_t n, const char *word)
{
	snprintf(buf, HUMAN_MAX, "%" PRIu64 " %s%s", n, word, n == 1 ? "" : "s");
	return buf;
}
