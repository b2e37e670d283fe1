// Which packets are decoded for which samples, with numbers alone.
#include "media/needed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace longtake::media {
namespace {

struct Plan {
  std::string needs;  // a letter a packet: P picture, r reference, . nothing
  bool in_sequence = false;
};

// As a reader of endless memory asks: packets are read until enough lie ahead. Samples are at `samples`.
Plan plan(const std::vector<ComingPacket>& packets, const std::vector<double>& samples, std::int64_t least_left_out = 1,
          std::size_t most_ahead = 1000) {
  NeededPackets needed(
      [&](double from_s, double until_s) {
        return std::any_of(samples.begin(), samples.end(), [&](double t) { return from_s <= t && t < until_s; });
      },
      3600.0, least_left_out);
  Plan result;
  std::size_t read = 0;
  while (result.needs.size() < packets.size()) {
    while (!needed.settled() && read < packets.size() && read - result.needs.size() < most_ahead) {
      needed.push(packets[read++]);
      if (read == packets.size()) needed.finish();
    }
    if (read == result.needs.size()) {  // after the packets make no sense none is asked about
      result.needs.append(packets.size() - read, 'P');
      break;
    }
    const Need need = needed.take();
    result.needs += need == Need::kPicture ? 'P' : need == Need::kReference ? 'r' : '.';
  }
  result.in_sequence = needed.in_sequence();
  return result;
}

// Pictures at whole numbers, "K" being a key frame: "K0 3 1 2 K4".
std::vector<ComingPacket> packets(const std::string& text) {
  std::vector<ComingPacket> result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const bool key = text[at] == 'K';
    result.push_back({std::stod(text.substr(at + (key ? 1 : 0), end)), key});
    at = end + 1;
  }
  return result;
}

TEST(NeededPackets, GroupsWithoutASampleAreLeftOut) {
  EXPECT_EQ(plan(packets("K0 1 2 K3 4 5 K6 7 8 K9 10"), {0, 6}).needs, "P.....P..PP");
  EXPECT_EQ(plan(packets("K0 1 2 K3 4 5 K6 7 8 K9 10"), {3.5, 6.0}).needs, "...P..P..PP");
}

TEST(NeededPackets, SoAreThoseAfterTheLastSampleOfAGroup) {
  EXPECT_EQ(plan(packets("K0 1 2 3 K4 5 6 7 K8"), {1.2, 5.0, 6.0}).needs, "rP..rPP.P");
  EXPECT_EQ(plan(packets("K0 1 2 3 K4 5 6 7 K8"), {3.9, 4.0}).needs, "rrrPP...P");
}

TEST(NeededPackets, TheLastGroupIsDecodedToItsEnd) {
  EXPECT_EQ(plan(packets("K0 1 2 K3 4 5"), {}).needs, "...PPP");
  EXPECT_EQ(plan(packets("K0 1 2"), {0}).needs, "PPP");
  EXPECT_EQ(plan(packets("K0"), {}).needs, "P");
}

TEST(NeededPackets, PicturesAreShownInTheOrderOfTheirTimes) {
  // 2 is shown from 2 to 3 and decoded last but one.
  EXPECT_EQ(plan(packets("K0 4 2 1 3 K5 6"), {2.5}).needs, "rrP..PP");
  EXPECT_EQ(plan(packets("K0 4 2 1 3 K5 6"), {4.5}).needs, "rP...PP");
  EXPECT_EQ(plan(packets("K0 4 2 1 3 K5 6"), {1.0, 3.0}).needs, "rrrPPPP");
}

TEST(NeededPackets, LeadingPicturesNeedTheGroupBefore) {
  // 4 and 5 are decoded after the key frame 6, shown before it, and refer to the group of 0.
  EXPECT_EQ(plan(packets("K0 3 1 2 K6 4 5 9 7 8 K12 10 11 13"), {4.5}).needs, "rrrrrP....PPPP");
  EXPECT_EQ(plan(packets("K0 3 1 2 K6 4 5 9 7 8 K12 10 11 13"), {3.5}).needs, "rP........PPPP");
  // 3 is on show only until 4 comes.
  EXPECT_EQ(plan(packets("K0 3 1 2 K6 4 5 9 7 8 K12 10 11 13"), {4.0, 6.0}).needs, "rrrrPP....PPPP");
  EXPECT_EQ(plan(packets("K0 3 1 2 K6 4 5 9 7 8 K12 10 11 13"), {6.0}).needs, "....P.....PPPP");
}

TEST(NeededPackets, AShortRestIsDecodedAllTheSame) {
  EXPECT_EQ(plan(packets("K0 1 2 3 K4 5 6 7 K8"), {1, 5}, 3).needs, "rPrrrPrrP");
  EXPECT_EQ(plan(packets("K0 1 2 3 K4 5 6 7 K8"), {0, 4}, 3).needs, "P...P...P");
}

TEST(NeededPackets, IntraOnlyVideo) { EXPECT_EQ(plan(packets("K0 K1 K2 K3 K4 K5"), {0, 2, 4}).needs, "P.P.PP"); }

TEST(NeededPackets, WhatIsNotKnownInTimeIsNeeded) {
  EXPECT_EQ(plan(packets("K0 1 2 3 4 5 K6 7"), {0}, 1, 3).needs, "PPPPP.PP");
}

TEST(NeededPackets, GroupsWithDamageAreDecodedWhole) {
  std::vector<ComingPacket> damaged = packets("K0 1 2 K3 4 5 K6 7 8 K9 10 11 K12");
  damaged[4].whole = false;
  EXPECT_EQ(plan(damaged, {0}).needs, "P..PPP......P");
  damaged[4].whole = true;
  damaged[6].whole = false;  // before it something was lost
  EXPECT_EQ(plan(damaged, {0}).needs, "P..PPPPPP...P");
}

TEST(NeededPackets, TimesThatMakeNoSenseEndIt) {
  for (const char* text : {"K0 1 2 K3 4 9 K6 7 8 K9", "K0 1 2 K3 4 4 K6 7 8 K9", "K0 1 2 K3 4 5 K4 5 6 K7",
                           "K0 1 2 K3 4 9999 K10000 10001"}) {
    const Plan result = plan(packets(text), {0});
    EXPECT_TRUE(result.in_sequence) << text;
    EXPECT_EQ(result.needs, "P.." + std::string(result.needs.size() - 3, 'P')) << text;
  }
  std::vector<ComingPacket> unknown = packets("K0 1 2 K3 4 5 K6 7 8 K9");
  unknown[5].time_s = NAN;
  EXPECT_EQ(plan(unknown, {0}).needs, "P..PPPPPPP");
}

}  // namespace
}  // namespace longtake::media
