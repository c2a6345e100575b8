; Windows installer of RetouchML @VERSION@, for one user and without administrator rights.
; Build it beside the two wheels: makensis retouchml.nsi
; It puts the wheels into %LOCALAPPDATA%\RetouchML\package, makes an environment there with the Python that py.exe
; finds (3.11 to 3.14), and says what to do if there is none. `retouchml setup` then fetches the engine.
; the engine's packages are for 64 bits alone
Target amd64-unicode
Unicode true
!include LogicLib.nsh
Name "RetouchML @VERSION@"
OutFile "retouchml-@VERSION@-setup.exe"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\RetouchML\package"
SetCompressor /SOLID lzma
ShowInstDetails show
VIProductVersion "@VERSION@.0"
VIAddVersionKey "ProductName" "RetouchML"
VIAddVersionKey "ProductVersion" "@VERSION@"
VIAddVersionKey "FileVersion" "@VERSION@"
VIAddVersionKey "FileDescription" "Face retouching for GIMP, Krita and the command line"
VIAddVersionKey "LegalCopyright" "MIT; weights CC BY-NC 4.0"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\RetouchML"

Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Section "RetouchML"
  SetOutPath "$INSTDIR"
  File "@LIGHT@"
  File "@ENGINE@"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${KEY}" "DisplayName" "RetouchML"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "@VERSION@"
  WriteRegStr HKCU "${KEY}" "Publisher" "RetouchML contributors"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'

  DetailPrint "Making an environment for the command line"
  nsExec::ExecToLog 'py.exe -3 -m venv "$INSTDIR\environment"'
  Pop $0
  ${If} $0 != "0"
    DetailPrint "No Python was found. Install Python 3.11 to 3.14 from python.org, then run this again."
    SetErrorLevel 2
    Abort
  ${EndIf}
  nsExec::ExecToLog '"$INSTDIR\environment\Scripts\python.exe" -I -m pip install --force-reinstall "$INSTDIR\@LIGHT@"'
  Pop $0
  ${If} $0 != "0"
    DetailPrint "pip could not install RetouchML: see above."
    SetErrorLevel 3
    Abort
  ${EndIf}
  CreateDirectory "$SMPROGRAMS\RetouchML"
  CreateShortCut "$SMPROGRAMS\RetouchML\Set RetouchML up.lnk" "$SYSDIR\cmd.exe" \
    '/k ""$INSTDIR\environment\Scripts\retouchml.exe" setup"'
  DetailPrint "Now: Start menu > RetouchML > Set RetouchML up. It says what it will fetch."
SectionEnd

Section "Uninstall"
  ; the engine, models and settings are the user's: `retouchml setup --remove` lists and removes them
  RMDir /r "$INSTDIR\environment"
  Delete "$INSTDIR\@LIGHT@"
  Delete "$INSTDIR\@ENGINE@"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  ; only if nothing else is in there
  RMDir "$LOCALAPPDATA\RetouchML"
  Delete "$SMPROGRAMS\RetouchML\Set RetouchML up.lnk"
  RMDir "$SMPROGRAMS\RetouchML"
  DeleteRegKey HKCU "${KEY}"
SectionEnd
