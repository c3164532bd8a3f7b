using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder.File("metrics.jsonl");

    [Fact]
    public void Lines_have_the_documented_names_and_every_digit_and_can_be_read_at_once()
    {
        using MetricsLog log = MetricsLog.Open(LogPath);
        log.Write(new StepMetrics(1, 768, 4.123456789012345, 1e-5, 1.0 / 3, 12.5, 61440, 0.25));
        Assert.Equal(
            """{"step":1,"tokens":768,"loss":4.123456789012345,"learning_rate":1E-05,"gradient_norm":0.3333333333333333"""
            + ""","milliseconds":12.5,"tokens_per_second":61440,"mfu":0.25}""" + "\n", Read());
        log.Write(new EvaluationMetrics(250, 1.5, 1.75, false));
        Assert.EndsWith("\n{\"step\":250,\"train_loss\":1.5,\"validation_loss\":1.75}\n", Read(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_JSON_cannot_say_is_null()
    {
        using MetricsLog log = MetricsLog.Open(LogPath);
        log.Write(new StepMetrics(3, 9, double.NaN, 1, double.PositiveInfinity, 1, double.NegativeInfinity, 1));
        log.Write(new EvaluationMetrics(3, double.NaN, null, true));
        Assert.Equal(
            """{"step":3,"tokens":9,"loss":null,"learning_rate":1,"gradient_norm":null,"milliseconds":1,"tokens_per_second":null,"mfu":1}"""
            + "\n{\"step\":3,\"train_loss\":null,\"validation_loss\":null}\n", Read());
    }

    [Fact]
    public void A_log_goes_on_after_the_last_line_of_the_checkpoint()
    {
        const string kept = "{\"step\":10,\"loss\":2}\n{\"step\":20,\"loss\":1}\n{\"step\":20,\"train_loss\":1}\n";
        string[] endings = ["", "{\"step\":30,\"loss\":1}\n{\"step\":40}\n", "{\"step\":20,\"lo", "{\"step\":20}", "\0\0\0\n", "[]\n"];
        foreach (string cut in endings)
        {
            _folder.Write("metrics.jsonl", kept + cut);
            using (MetricsLog log = MetricsLog.Open(LogPath, step: 20))
                log.Write(new EvaluationMetrics(30, 1, 1, false));
            Assert.Equal(kept + "{\"step\":30,\"train_loss\":1,\"validation_loss\":1}\n", File.ReadAllText(LogPath));
        }
        MetricsLog.Open(LogPath).Dispose();
        Assert.Empty(File.ReadAllText(LogPath));
    }

    [Fact]
    public void The_evaluation_after_the_last_step_is_cut_off_where_it_is_to_be_made_again()
    {
        _folder.Write("metrics.jsonl", "{\"step\":10,\"train_loss\":1}\n{\"step\":20,\"loss\":1}\n{\"step\":20,\"train_loss\":1}\n");
        MetricsLog.Open(LogPath, step: 20, evaluated: false).Dispose();
        Assert.Equal("{\"step\":10,\"train_loss\":1}\n{\"step\":20,\"loss\":1}\n", Read());
    }

    public void Dispose() => _folder.Dispose();

    private string Read()
    {
        using StreamReader reader = new(new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
