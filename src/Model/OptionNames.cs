using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Serialization;

namespace MiniGpt.Model;

/// <summary>
/// The written names of choices such as an activation: one <see cref="JsonStringEnumMemberNameAttribute"/> a value,
/// the same in config.json, in training.json and on the command line.
/// </summary>
public static class OptionNames
{
    /// <summary>Every name of a choice, in the order of its values.</summary>
    public static IReadOnlyList<string> All<T>() where T : struct, Enum => Table<T>.Names;

    /// <summary>The written name of a value.</summary>
    /// <exception cref="ArgumentException">The value is none of its type's.</exception>
    public static string Of<T>(T value) where T : struct, Enum
    {
        int index = Array.IndexOf(Table<T>.Values, value);
        return index >= 0 ? Table<T>.Names[index] : throw new ArgumentException($"{value} is no {typeof(T).Name}");
    }

    /// <summary>The value of a written name; false where there is no such name.</summary>
    public static bool TryParse<T>(string name, out T value) where T : struct, Enum
    {
        int index = Array.IndexOf(Table<T>.Names, name);
        value = index >= 0 ? Table<T>.Values[index] : default;
        return index >= 0;
    }

    private static class Table<T> where T : struct, Enum
    {
        public static readonly T[] Values = Enum.GetValues<T>();
        public static readonly string[] Names = Written(typeof(T), Enum.GetNames<T>());
    }

    // Not generic: what is would be compiled again for each choice, at the start of every command.
    private static string[] Written([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields)] Type choice, string[] names)
    {
        string[] written = new string[names.Length];
        for (int i = 0; i < names.Length; i++)
            written[i] = choice.GetField(names[i])!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()!.Name;
        return written;
    }
}

/// <summary>Reads and writes a choice in JSON by its name, never by its number.</summary>
public sealed class NameConverter<T>() : JsonStringEnumConverter<T>(namingPolicy: null, allowIntegerValues: false)
    where T : struct, Enum;
