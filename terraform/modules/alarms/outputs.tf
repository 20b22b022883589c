output "topic_arn" {
  description = "Topic of alarms, for others that tell something."
  value       = aws_sns_topic.this.arn
}

output "names" {
  description = "Names of the alarms."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}
