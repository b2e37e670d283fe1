// Readers of tracks: tables such as IBTrACS's, the texts of Hodges' TRACK and of TempestExtremes, and CF's trajectories
// in NetCDF.
//
// All normalise longitudes to [-180, 180), sort the points of a track by time, and keep the tracks in the order of the
// source. Every error of a text is BadData that begins with "source_name:line: ": latitudes beyond the poles, numbers
// that are none, a track with two points of one time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "fields/tracks.h"

namespace longtake::fields {

// The columns of a table. Empty names find storm_id, track_id, sid or id; time or iso_time; longitude or lon; latitude
// or lat; and score, which need not be there. Capitals do not matter.
struct TrackTableOptions {
  std::string id;
  std::string time;
  std::string longitude;
  std::string latitude;
  std::string score;  // "USA_WIND" of IBTrACS
};

// A CSV file with a header, a line a point; other columns are ignored, an empty score is none. IBTrACS's second line,
// which holds units and no time, is passed over.
std::vector<Track> parse_track_table(std::string_view text, const std::string& source_name,
                                     const TrackTableOptions& options = {});

struct TrackTextOptions {
  // What step 1 stands for, for files whose times are steps and not YYYYMMDDHH.
  std::optional<std::int64_t> start;
  std::int64_t step_s = 21600;
};

// Hodges' TRACK: TRACK_NUM, then TRACK_ID, POINT_NUM and a line "time longitude latitude intensity [& field ...]" a
// point. The score is the intensity. Throws InvalidArgument for steps without a start.
std::vector<Track> parse_track_text(std::string_view text, const std::string& source_name,
                                    const TrackTextOptions& options = {});

struct TempestOptions {
  bool unstructured = false;  // one index before longitude and latitude, not two
  // Which of the numbers behind the latitude is the score, from 0; none takes none.
  std::optional<std::size_t> score;
};

// TempestExtremes' StitchNodes: "start count year month day hour", then a line "i j longitude latitude numbers... year
// month day hour" a point. Tracks are named 1, 2, ...
std::vector<Track> parse_tempest_extremes(std::string_view text, const std::string& source_name,
                                          const TempestOptions& options = {});

// CF's trajectories (chapter H.4): one after the other with a variable of their lengths (sample_dimension), or a row
// each as in IBTrACS's NetCDF. Names as in TrackTableOptions, but for the score, which is read when it is named. Points
// that miss their time or place are left out. Throws InvalidArgument that lists the variables for a name that is not
// there, BadData for a file that holds no tracks.
std::vector<Track> read_netcdf_tracks(const Files::Path& path, const TrackTableOptions& options = {});

// Chooses by the contents: "start ..." is TempestExtremes, a TRACK_NUM in the first lines is TRACK, anything else a
// table.
std::vector<Track> parse_tracks(std::string_view text, const std::string& source_name);
// The same of a file; NetCDF by the ending .nc.
std::vector<Track> read_tracks(const Files& files, const Files::Path& path);

}  // namespace longtake::fields
