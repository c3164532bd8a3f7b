using System.Buffers;
using System.Text.Json;

namespace MiniGpt.Model.Training;

/// <summary>
/// metrics.jsonl, one JSON object a line, each flushed as it is written: others can read along. Numbers have all their digits; those that
/// JSON has no way to write are null.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _line = new();

    private MetricsLog(FileStream file) => _file = file;

    /// <summary>
    /// Opens a log to append to it. Lines of later steps than <paramref name="step"/>, and a last line that was not written to its end, are
    /// cut off: a run that goes on from a checkpoint writes them again.
    /// </summary>
    /// <param name="path">The file, made where there is none.</param>
    /// <param name="step">How many steps are done: 0 begins the log anew.</param>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static MetricsLog Open(string path, int step = 0)
    {
        FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            file.SetLength(LengthUpTo(file, step));
            file.Seek(0, SeekOrigin.End);
            return new MetricsLog(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends the line of a step.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Write(in StepMetrics metrics)
    {
        using Utf8JsonWriter json = Begin(metrics.Step);
        json.WriteNumber("tokens", metrics.Tokens);
        WriteNumber(json, "loss", metrics.Loss);
        WriteNumber(json, "learning_rate", metrics.LearningRate);
        WriteNumber(json, "gradient_norm", metrics.GradientNorm);
        WriteNumber(json, "milliseconds", metrics.Milliseconds);
        WriteNumber(json, "tokens_per_second", metrics.TokensPerSecond);
        WriteNumber(json, "mfu", metrics.Mfu);
        End(json);
    }

    /// <summary>Appends the line of an evaluation.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Write(in EvaluationMetrics metrics)
    {
        using Utf8JsonWriter json = Begin(metrics.Step);
        WriteNumber(json, "train_loss", metrics.TrainLoss);
        WriteNumber(json, "validation_loss", metrics.ValidationLoss ?? double.NaN);
        End(json);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private Utf8JsonWriter Begin(int step)
    {
        _line.ResetWrittenCount();
        Utf8JsonWriter json = new(_line);
        json.WriteStartObject();
        json.WriteNumber("step", step);
        return json;
    }

    private void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Flush();
        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
        _file.Flush();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double number)
    {
        if (double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    /// <summary>How many bytes hold whole lines of steps up to this one.</summary>
    private static int LengthUpTo(FileStream file, int step)
    {
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        int end = 0;
        while (bytes.AsSpan(end).IndexOf((byte)'\n') is var length and >= 0 && StepOf(bytes.AsMemory(end, length)) <= step)
            end += length + 1;
        return end;
    }

    private static long StepOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return long.MaxValue; // no line of this log: what was whole ends before it
        }
    }
}
