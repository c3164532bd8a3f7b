using System.Buffers;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Training;

/// <summary>
/// metrics.jsonl, one JSON object a line, each written at once: others can read along. Numbers have all their digits; those that
/// JSON has no way to write are null. Lines that a full disk does not take are kept, and written with the next.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly ArrayBufferWriter<byte> _pending = new();
    private long _length;
    private bool _failed;

    private MetricsLog(SafeFileHandle file, string path) => (_file, _path) = (file, path);

    /// <summary>Whether the log has the evaluation after the step that it was opened for.</summary>
    internal bool IsEvaluated { get; private init; }

    /// <summary>
    /// Opens a log to append to it. Lines of later steps than <paramref name="step"/>, and a last line that was not written to its end, are
    /// cut off: a run that goes on from a checkpoint writes them again.
    /// </summary>
    /// <param name="path">The file, made where there is none.</param>
    /// <param name="step">How many steps are done: 0 begins the log anew.</param>
    /// <param name="evaluated">Whether the evaluation after that step is done as well, if there is one.</param>
    /// <exception cref="IOException">The file cannot be read or written, or is a link, a pipe or a device.</exception>
    public static MetricsLog Open(string path, int step = 0, bool evaluated = true)
    {
        // A run from elsewhere could have a link here, to a file that is none of its own.
        if (Disk.IsLink(path))
            throw new IOException($"{path} is a link, and a log is not written into what a link leads to: a file expected");
        RegularFile.RequireOrdinary(path);
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            MetricsLog log = new(file, path) { _length = LengthUpTo(file, step, evaluated, out bool endsWithEvaluation), IsEvaluated = endsWithEvaluation };
            if (RandomAccess.GetLength(file) > log._length)
                RandomAccess.SetLength(file, log._length);
            return log;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends the line of a step.</summary>
    /// <returns>What the system said, if this is the first line that it did not take; null otherwise.</returns>
    public string? Write(in StepMetrics metrics)
    {
        using Utf8JsonWriter json = Begin(metrics.Step);
        json.WriteNumber("tokens", metrics.Tokens);
        WriteNumber(json, "loss", metrics.Loss);
        WriteNumber(json, "learning_rate", metrics.LearningRate);
        WriteNumber(json, "gradient_norm", metrics.GradientNorm);
        WriteNumber(json, "milliseconds", metrics.Milliseconds);
        WriteNumber(json, "tokens_per_second", metrics.TokensPerSecond);
        WriteNumber(json, "mfu", metrics.Mfu);
        return End(json);
    }

    /// <summary>Appends the line of an evaluation.</summary>
    /// <returns>What the system said, if this is the first line that it did not take; null otherwise.</returns>
    public string? Write(in EvaluationMetrics metrics)
    {
        using Utf8JsonWriter json = Begin(metrics.Step);
        WriteNumber(json, "train_loss", metrics.TrainLoss);
        WriteNumber(json, "validation_loss", metrics.ValidationLoss ?? double.NaN);
        return End(json);
    }

    /// <summary>Appends what the model wrote.</summary>
    /// <returns>What the system said, if this is the first line that it did not take; null otherwise.</returns>
    public string? Write(int step, string sample)
    {
        using Utf8JsonWriter json = Begin(step);
        json.WriteString("sample", sample);
        return End(json);
    }

    /// <summary>Writes what is pending, if anything is.</summary>
    /// <returns>What the system said, if it took everything before; null otherwise.</returns>
    internal string? Retry()
    {
        bool failedBefore = _failed;
        try
        {
            WritePending();
            return null;
        }
        catch (IOException error)
        {
            return failedBefore ? null : error.Message;
        }
    }

    /// <summary>Writes what is pending, and all lines through to the disk: a checkpoint must not be ahead of them.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void FlushToDisk()
    {
        WritePending();
        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private Utf8JsonWriter Begin(int step)
    {
        Utf8JsonWriter json = new(_pending);
        json.WriteStartObject();
        json.WriteNumber("step", step);
        return json;
    }

    private string? End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Flush();
        _pending.Write("\n"u8);
        return Retry();
    }

    /// <summary>Writes where the last whole line ends, over what an attempt that failed may have left there.</summary>
    private void WritePending()
    {
        _failed = true;
        Disk.Write(_file, _path, _pending.WrittenSpan, _length);
        _failed = false;
        _length += _pending.WrittenCount;
        _pending.ResetWrittenCount();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double number)
    {
        if (double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    /// <summary>How many bytes hold whole lines of steps up to this one.</summary>
    private static int LengthUpTo(SafeFileHandle file, int step, bool evaluated, out bool hasEvaluation)
    {
        hasEvaluation = false;
        byte[] bytes = new byte[RandomAccess.GetLength(file)];
        int read = 0;
        while (RandomAccess.Read(file, bytes.AsSpan(read), read) is var count and > 0)
            read += count;
        int end = 0;
        while (bytes.AsSpan(end, read - end).IndexOf((byte)'\n') is var length and >= 0
            && IsDone(bytes.AsMemory(end, length), step, evaluated, ref hasEvaluation))
        {
            end += length + 1;
        }
        return end;
    }

    private static bool IsDone(ReadOnlyMemory<byte> line, int step, bool evaluated, ref bool hasEvaluation)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            long found = json.RootElement.GetProperty("step").GetInt64();
            bool isEvaluation = json.RootElement.TryGetProperty("train_loss", out _), isDone = found < step || (found == step && (evaluated || !isEvaluation));
            hasEvaluation |= isDone && isEvaluation && found == step;
            return isDone;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return false; // no line of this log: what was whole ends before it
        }
    }
}
