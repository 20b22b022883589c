from cases.case import Case


def stored(under_30, all_of_them, since="published"):
    name = f'sink_{since}_to_stored_seconds_bucket{{sink="postgres",le='
    return {name + '"0.8192"}': under_30, name + '"26.2144"}': under_30, name + '"52.4288"}': all_of_them, name + '"+Inf"}': all_of_them}


PUBLISHED = {'infer_sent_frames_total{camera="a"}': "0+600x20"}

CASES = (
    Case("InferenceOverloaded", "six of ten are skipped",
         {'infer_received_frames_total{camera="a"}': "0+600x20", 'infer_dropped_frames_total{camera="a",reason="overtaken"}': "0+360x20"}, "18m", ({},)),
    Case("InferenceOverloaded", "four of ten are skipped",
         {'infer_received_frames_total{camera="a"}': "0+600x20", 'infer_dropped_frames_total{camera="a",reason="overtaken"}': "0+240x20"}, "18m"),
    Case("InferenceOverloaded", "frames were analysed before",
         {'infer_received_frames_total{camera="a"}': "0+600x20", 'infer_dropped_frames_total{camera="a",reason="duplicate"}': "0+500x20"}, "18m"),
    Case("SinkLag", "a tenth is later than 30 s", stored("0+540x20", "0+600x20"), "15m", ({"sink": "postgres"},)),
    Case("SinkLag", "a hundredth is", stored("0+594x20", "0+600x20"), "15m"),
    # Inference is late, or a file was recorded last week: the sink is not behind.
    Case("SinkLag", "captures are long ago, and the sink stores at once",
         stored("0x20", "0+600x20", "capture") | stored("0+600x20", "0+600x20"), "15m"),
    Case("SinkStopped", "published and not stored", PUBLISHED | {'sink_stored_frames_total{sink="s3"}': "0+600x20"}, "12m", ({},)),
    Case("SinkStopped", "stored", PUBLISHED | {'sink_stored_frames_total{sink="postgres"}': "0+600x20"}, "12m"),
    Case("SinkStopped", "nothing comes", {'infer_sent_frames_total{camera="a"}': "7x20"}, "12m"),
    Case("DeadLetters", "the first one", {'dead_letters_sent_records_total{topic="vru.frames",reason="unreadable"}': "_x10 1x20"}, "12m", ({"topic": "vru.frames"},)),
    Case("DeadLetters", "one more", {'dead_letters_sent_records_total{topic="vru.alerts",reason="unreadable"}': "3x30 4x5"}, "33m", ({"topic": "vru.alerts"},)),
    Case("DeadLetters", "an hour ago", {'dead_letters_sent_records_total{topic="vru.frames",reason="unreadable"}': "_x10 1x60"}, "60m"),
    Case("RecordsMissed", "some", {'sink_missed_records_total{sink="postgres",topic="vru.detections"}': "_x5 12x20"}, "8m",
         ({"sink": "postgres", "topic": "vru.detections"},)),
    Case("RecordsMissed", "none", {'sink_missed_records_total{sink="postgres",topic="vru.detections"}': "0x30"}, "20m"),
    Case("ProcessDown", "for six minutes", {'up{job="vru-detection/vru",instance="10.0.0.1:8001"}': "1 0x8"}, "7m",
         ({"job": "vru-detection/vru", "instance": "10.0.0.1:8001"},)),
    Case("ProcessDown", "for a moment", {'up{job="vru",instance="a"}': "1x4 0 0 1x4"}, "7m"),
    Case("ProcessDown", "somebody else's", {'up{job="other",instance="a"}': "0x10"}, "7m"),
    Case("ProgramFault", "one", {'panics_total{instance="a"}': "0x5 1x5"}, "8m", ({"instance": "a"},)),
    Case("ProgramFault", "none", {'panics_total{instance="a"}': "0x10"}, "8m"),
    Case("ProgramFault", "hours ago", {'panics_total{instance="a"}': "0x5 1x120"}, "120m"),
    Case("NoProcesses", "nothing is scraped", {'up{job="other",instance="a"}': "1x15"}, "12m", ({},)),
    Case("NoProcesses", "one is", {'up{job="vru",instance="a"}': "0x15"}, "12m"),
    Case("Watchdog", "always", {}, "1m", ({},)),
)
# It cannot be quiet.
ALWAYS = {"Watchdog"}
