/* What an agent seldom needs once it runs: memory of its start, of a link made anew, of rare
 * orders. */
#pragma once

/* Gives freed heap back, and the pages of programs and libraries that were read while they were
 * linked and set up; those that are still in use are found again in the page cache. */
void trim_memory(void);
