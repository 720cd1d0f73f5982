/* Included last by the build in every file of ours: functions that have a better replacement here.
 */
#pragma once

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime ctime asctime  \
    gets
